"""A small login service: real codes, PKCE and RS256 tokens, over a real socket."""

import base64
import hashlib
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl, urlencode

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, RedirectResponse
from joserfc import jwt
from joserfc.jwk import RSAKey

KEY = RSAKey.generate_key(2048, {"kid": "first"})
CLIENT, SECRET = "roadscan", "a secret of the client"


class FakeIssuer:
    """What tests turn to have a login go one way or another."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.issuer = f"{address}/realms/town"
        self.key = KEY
        self.published = [self.key]
        self.user = {"sub": "4711", "preferred_username": "Uli Muster"}
        self.secret = SECRET
        """"" is a public client, which names itself in the body."""
        self.claims: dict[str, Any] = {}
        """What the id token says otherwise; None leaves a claim out."""
        self.token: str | None = None
        """What is handed out instead of a token of this service."""
        self.described: dict[str, Any] = {}
        """What the description of the service says otherwise."""
        self.status = 200
        self.asked: list[str] = []
        self.codes: dict[str, dict[str, str]] = {}

    def description(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/auth",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/certs",
            "end_session_endpoint": f"{self.issuer}/logout",
            **self.described,
        }

    def id_token(self, nonce: str) -> str:
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": nonce,
            **self.user,
            **self.claims,
        }
        kept = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, kept, self.key)


def make_app(fake: FakeIssuer) -> FastAPI:
    app = FastAPI(openapi_url=None)

    @app.middleware("http")
    async def told(request: Request, call_next):
        fake.asked.append(request.url.path.removeprefix("/realms/town"))
        if fake.status != 200:
            return JSONResponse({}, fake.status, {"Location": f"{fake.address}/elsewhere"})
        return await call_next(request)

    @app.get("/realms/town/.well-known/openid-configuration")
    def description() -> dict[str, Any]:
        return fake.description()

    @app.get("/realms/town/certs")
    def certs() -> dict[str, Any]:
        return {"keys": [key.as_dict(private=False) for key in fake.published]}

    @app.get("/realms/town/auth")
    def auth(request: Request) -> RedirectResponse:
        asked = dict(request.query_params)
        code = secrets.token_urlsafe(8)
        fake.codes[code] = asked
        back = urlencode({"code": code, "state": asked["state"], "iss": fake.issuer})
        return RedirectResponse(f"{asked['redirect_uri']}?{back}", 303)

    @app.post("/realms/town/token")
    async def token(request: Request) -> JSONResponse:
        sent = dict(parse_qsl((await request.body()).decode()))
        asked = fake.codes.pop(sent["code"], {})
        digest = hashlib.sha256(sent["code_verifier"].encode()).digest()
        basic = base64.b64encode(f"{CLIENT}:{fake.secret}".encode()).decode()
        shown = request.headers.get("Authorization")
        holds = (
            base64.urlsafe_b64encode(digest).decode().rstrip("=") == asked.get("code_challenge")
            and asked["code_challenge_method"] == "S256"
            and sent["redirect_uri"] == asked["redirect_uri"]
            and sent["grant_type"] == "authorization_code"
            and (shown == f"Basic {basic}" if fake.secret else sent["client_id"] == CLIENT)
        )
        if not holds:
            return JSONResponse({"error": "invalid_grant"}, 400)
        made = fake.token or fake.id_token(asked["nonce"])
        return JSONResponse({"access_token": "x", "token_type": "Bearer", "id_token": made})

    return app


@contextmanager
def serving() -> Iterator[FakeIssuer]:
    """Run one on a free port of this machine."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        fake = FakeIssuer(f"http://127.0.0.1:{listening.getsockname()[1]}")
        server = uvicorn.Server(uvicorn.Config(make_app(fake), log_level="error", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield fake
        finally:
            server.should_exit = True
            thread.join()
