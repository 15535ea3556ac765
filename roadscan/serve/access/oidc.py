"""Logging in by the town's own login service: OpenID Connect, authorization code with PKCE.

What a login began with (state, nonce, verifier) waits in a cookie of its own, which comes along
when the browser is sent back from there; the session's cookie would not.
"""

import hmac
import json
import logging
import re
import secrets
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import asdict, dataclass
from typing import Annotated, Final
from urllib.parse import urlencode

from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse

from roadscan.errors import RoadscanError
from roadscan.model.access import Account, Role
from roadscan.serve.access.guard import COOKIE, Guard
from roadscan.serve.access.id_tokens import Known, read_id_token
from roadscan.serve.access.issuer import Issuer
from roadscan.serve.settings import OidcSettings, ServeSettings
from roadscan.store.town.accounts import Accounts, OutsideLogins

PREFIX: Final = "/api/oidc"
BEGUN_COOKIE: Final = "roadscan_oidc"
BEGUN_S: Final = 600
"""How long a login may take."""
SCOPES: Final = "openid profile email"
_LOCAL: Final = re.compile(r"/(?![/\\])[^\x00-\x20\x7f]*", re.ASCII)

Back = Annotated[str, Query(max_length=500)]
Told = Annotated[str, Query(max_length=4000)]


@dataclass(frozen=True, slots=True)
class Begun:
    """A login under way."""

    state: str
    nonce: str
    verifier: str
    back: str
    """The page to go to, here."""

    def as_cookie(self) -> str:
        """Return it as a cookie holds it."""
        return urlsafe_b64encode(json.dumps(asdict(self)).encode()).decode()

    @classmethod
    def from_cookie(cls, text: str) -> "Begun | None":
        """Return what a cookie holds; None where it holds none."""
        try:
            told = json.loads(urlsafe_b64decode(text.encode()))
            begun = cls(**told)
        except (ValueError, TypeError):
            return None
        parts = (begun.state, begun.nonce, begun.verifier, begun.back)
        return begun if all(isinstance(part, str) and part for part in parts) else None


def oidc_router(
    guard: Guard, settings: ServeSettings, oidc: OidcSettings, logins: OutsideLogins
) -> APIRouter:
    """Return the routes of the login by another service; all of them lead to a page."""
    router, accounts = APIRouter(prefix=PREFIX, include_in_schema=False), guard.accounts
    issuer, door = Issuer(oidc), _Door(accounts, logins, oidc)

    @router.get("/login")
    def login(request: Request, back: Back = "/") -> RedirectResponse:
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        begun = Begun(state, nonce, verifier, _local(back))
        try:
            there = issuer.endpoints().authorize
        except RoadscanError as error:
            return failed(error, request)
        address = prepare_grant_uri(
            there,
            oidc.client_id,
            "code",
            redirect_uri=str(request.url_for("oidc_callback")),
            scope=SCOPES,
            state=begun.state,
            nonce=begun.nonce,
            code_challenge=create_s256_code_challenge(begun.verifier),
            code_challenge_method="S256",
        )
        answer = _to(address)
        answer.set_cookie(
            BEGUN_COOKIE,
            begun.as_cookie(),
            max_age=BEGUN_S,
            path=PREFIX,
            httponly=True,
            secure=settings.cookie_secure,
            samesite="lax",
        )
        return answer

    @router.get("/callback", name="oidc_callback")
    def callback(
        request: Request, code: Told = "", state: Told = "", iss: Told = "", error: Told = ""
    ) -> RedirectResponse:
        try:
            begun = _begun(request, state)
            _check_answer(code, error, iss or oidc.issuer, oidc)
            token = issuer.id_token(code, begun.verifier, str(request.url_for("oidc_callback")))
            known = read_id_token(token, oidc, begun.nonce, time.time(), issuer.keys)
            account = door.account_of(known)
        except RoadscanError as refusal:
            return failed(refusal, request)
        accounts.record(account.name, "login", f"{_address(request)} by {oidc.issuer}")
        answer = _to(begun.back)
        answer.delete_cookie(BEGUN_COOKIE, path=PREFIX)
        answer.set_cookie(
            COOKIE,
            accounts.begin_session(account.account_id, settings.session_s),
            max_age=round(settings.session_s),
            httponly=True,
            secure=settings.cookie_secure,
            samesite="strict",
        )
        return answer

    @router.get("/logout")
    def logout(request: Request) -> RedirectResponse:
        """Lead to where the other service ends its session; ours is ended by /api/logout."""
        page = str(request.base_url) + "login"
        try:
            there = issuer.endpoints().end_session
        except RoadscanError:
            there = ""
        asked = {"client_id": oidc.client_id, "post_logout_redirect_uri": page}
        sign = "&" if "?" in there else "?"
        return _to(f"{there}{sign}{urlencode(asked)}" if there else page)

    def failed(error: RoadscanError, request: Request) -> RedirectResponse:
        logging.getLogger(__name__).warning("no login by %s: %s", oidc.issuer, error)
        accounts.record("anonymous", "login_failed", f"{_address(request)} {error.code}")
        answer = _to(f"/login?{urlencode({'failed': error.code})}")
        answer.delete_cookie(BEGUN_COOKIE, path=PREFIX)
        return answer

    return router


@dataclass(frozen=True, slots=True)
class _Door:
    """Lets in whom the other service knows."""

    accounts: Accounts
    logins: OutsideLogins
    oidc: OidcSettings

    def account_of(self, known: Known) -> Account:
        """Return the account of somebody, made at their first login; raises `oidc_no_role`."""
        issuer, roles = self.oidc.issuer, self.oidc.roles
        if roles and known.role is None:
            raise _shut(f"{known.name} has none of the roles that may come in here")
        role = known.role or Role.VIEWER
        account = self.logins.of(issuer, known.subject)
        if account is None:
            account = self.logins.add(issuer, known.subject, known.name, role)
            self.accounts.record(account.name, "account_made", f"{role.value}, by {issuer}")
        if not account.active:
            raise _shut(f"the account {account.name} is closed")
        if roles and account.role is not role:
            self.accounts.change(account.account_id, role, active=True)
            self.accounts.record(account.name, "account_changed", f"{role.value}, by {issuer}")
        return account


def _begun(request: Request, state: str) -> Begun:
    begun = Begun.from_cookie(request.cookies.get(BEGUN_COOKIE, ""))
    if begun is None or not hmac.compare_digest(begun.state.encode(), state.encode()):
        raise RoadscanError(
            "oidc_state",
            "this login did not begin in this browser, or more than ten minutes ago",
            "Log in again",
        )
    return begun


def _check_answer(code: str, error: str, issuer: str, oidc: OidcSettings) -> None:
    """Raise `oidc_refused` for an answer that is no login, or not this issuer's (RFC 9207)."""
    if error or not code or issuer != oidc.issuer:
        why = f"it answered {error[:80]!r}" if error else "its answer is not of a login"
        raise RoadscanError("oidc_refused", f"no login: {why}", "Log in again")


def _shut(why: str) -> RoadscanError:
    return RoadscanError("oidc_no_role", why, "Ask an administrator")


def _local(back: str) -> str:
    """Return a page of ours: anything else would send whoever logs in somewhere else."""
    return back if _LOCAL.fullmatch(back) else "/"


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def _to(address: str) -> RedirectResponse:
    return RedirectResponse(address, 303, {"Cache-Control": "no-store"})
