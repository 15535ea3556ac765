"""Client of a town's login service (OpenID Connect, such as Keycloak): endpoints, keys, tokens.

Only the host that the administrator named is contacted: every endpoint in the service's discovery
document must be on it, and no redirect is followed.
"""

import http.client
import json
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any, Final
from urllib.parse import urlsplit

from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_token_request
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from roadscan.errors import RoadscanError
from roadscan.serve.settings import OidcSettings

TIMEOUT_S: Final = 5.0
MAX_BYTES: Final = 1_000_000
CACHED_S: Final = 3600.0
"""How long the discovery document and the keys are cached."""
MIN_INTERVAL_S: Final = 10.0
"""Minimum time between requests, so that guessed addresses and keys cannot cause more."""
_DISCOVERY: Final = "/.well-known/openid-configuration"


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Endpoints from the discovery document."""

    authorize: str
    token: str
    keys: str
    end_session: str
    """"" if it has none."""
    token_auth: str
    """Authentication method of a client with a secret."""


class OidcProvider:
    """A login service, with its endpoints and keys cached."""

    def __init__(self, settings: OidcSettings, clock: Callable[[], float] = time.monotonic) -> None:
        self.settings = settings
        self._clock = clock
        self._lock = Lock()
        self._endpoints: tuple[float, Endpoints] | None = None
        self._keys: tuple[float, KeySet] | None = None
        self._failed_s = -MIN_INTERVAL_S

    def endpoints(self) -> Endpoints:
        """Return the endpoints; raises `oidc_unreachable`, `oidc_refused`."""
        with self._lock:
            now_s = self._clock()
            if self._endpoints is None or now_s - self._endpoints[0] > CACHED_S:
                self._endpoints = now_s, self._discovered()
            return self._endpoints[1]

    def keys(self, newer_than: KeySet | None = None) -> KeySet:
        """Return the keys that tokens are signed with; raises as `endpoints`.

        Keys are rotated: if one is missing from a set, request a newer set.
        """
        address = self.endpoints().keys
        with self._lock:
            now_s = self._clock()
            known = self._keys
            if known is not None and now_s - known[0] <= CACHED_S:
                wanted = newer_than is known[1] and now_s - known[0] > MIN_INTERVAL_S
                if not wanted:
                    return known[1]
            try:
                found = KeySet.import_key_set(self._json("GET", address))  # type: ignore[arg-type]
            except (JoseError, ValueError, TypeError, KeyError) as error:
                raise _refused("its keys cannot be read") from error
            self._keys = now_s, found
            return found

    def id_token(self, code: str, verifier: str, redirect_uri: str) -> str:
        """Exchange the code of a login for its id token; raises as `endpoints`."""
        there = self.endpoints()
        secret = self.settings.secret.get_secret_value()
        auth = ClientAuth(self.settings.client_id, secret, there.token_auth if secret else "none")
        body = prepare_token_request(
            "authorization_code", code=code, redirect_uri=redirect_uri, code_verifier=verifier
        )
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        address, headers, body = auth.prepare("POST", there.token, kind, body)
        found = self._json("POST", address, body, headers).get("id_token")
        if not isinstance(found, str):
            raise _refused("its response has no id token")
        return found

    def _discovered(self) -> Endpoints:
        found = self._json("GET", self.settings.issuer.rstrip("/") + _DISCOVERY)
        if found.get("issuer") != self.settings.issuer:
            raise _refused(f"it calls itself {str(found.get('issuer'))[:200]!r}")
        methods = found.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        basic = "client_secret_basic" in methods
        return Endpoints(
            self._own(found.get("authorization_endpoint")),
            self._own(found.get("token_endpoint")),
            self._own(found.get("jwks_uri")),
            self._own(found["end_session_endpoint"]) if found.get("end_session_endpoint") else "",
            "client_secret_basic" if basic else "client_secret_post",
        )

    def _own(self, address: object) -> str:
        """Return an address on the service's own host; `oidc_refused` for any other."""
        text = address if isinstance(address, str) else ""
        if origin_of(text) != origin_of(self.settings.issuer):
            raise _refused(f"it names the address {text[:200]!r}, which is not on its own host")
        return text

    def _json(
        self, method: str, address: str, body: str = "", headers: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        if self._clock() - self._failed_s < MIN_INTERVAL_S:
            raise _unreachable("it did not answer a moment ago")
        try:
            status, content = _request(method, address, body, headers or {})
        except (OSError, http.client.HTTPException) as error:
            self._failed_s = self._clock()
            raise _unreachable(type(error).__name__) from error
        if status >= 500:
            raise _unreachable(f"it answered {status}")
        if status != 200:
            raise _refused(f"it answered {status}")
        try:
            found = json.loads(content)
        except ValueError as error:
            raise _refused("its response is not JSON") from error
        if not isinstance(found, dict):
            raise _refused("its response is not a JSON object")
        return found


def origin_of(address: str) -> tuple[str, str, int]:
    """Return scheme, host and port of an address; ("", "", 0) if it is invalid."""
    try:
        parts = urlsplit(address)
        port = parts.port or {"https": 443, "http": 80}.get(parts.scheme, 0)
    except ValueError:
        return "", "", 0
    if not parts.hostname or not port or parts.username is not None:
        return "", "", 0
    return parts.scheme, parts.hostname, port


def _request(method: str, address: str, body: str, headers: Mapping[str, str]) -> tuple[int, bytes]:
    """Send one request, without proxy and without following redirects."""
    scheme, host, port = origin_of(address)
    connection = (
        http.client.HTTPSConnection(
            host, port, timeout=TIMEOUT_S, context=ssl.create_default_context()
        )
        if scheme == "https"
        else http.client.HTTPConnection(host, port, timeout=TIMEOUT_S)
    )
    parts = urlsplit(address)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request(method, target, body or None, {"Accept": "application/json", **headers})
        response = connection.getresponse()
        content = response.read(MAX_BYTES + 1)
    finally:
        connection.close()
    if len(content) > MAX_BYTES:
        raise http.client.HTTPException(f"more than {MAX_BYTES} bytes")
    return response.status, content


def _unreachable(why: str) -> RoadscanError:
    return RoadscanError(
        "oidc_unreachable",
        f"the login service does not answer ({why})",
        "Try again later; local accounts work meanwhile",
    )


def _refused(why: str) -> RoadscanError:
    return RoadscanError(
        "oidc_refused",
        f"the login service cannot be used: {why}",
        "Ask an administrator",
    )
