"""Finds out who calls and lets a route's right decide.

A browser shows its session's cookie, a program its API key: as `Authorization: Bearer`, as
`X-API-Key`, or as the password of HTTP Basic, which GIS programs speak. Whoever comes by cookie
must send the session's CSRF token with everything that changes something.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyCookie, APIKeyHeader, HTTPBearer
from fastapi.security.http import HTTPBase

from roadscan.errors import RoadscanError
from roadscan.model.access import NOBODY, Caller, Right, effective_role
from roadscan.store.town.accounts import Accounts

COOKIE: Final = "roadscan_session"
CSRF_HEADER: Final = "X-CSRF-Token"
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def shown(
    _key: Annotated[
        object, Security(APIKeyHeader(name="X-API-Key", scheme_name="key", auto_error=False))
    ],
    _bearer: Annotated[object, Security(HTTPBearer(scheme_name="bearer", auto_error=False))],
    _basic: Annotated[
        object, Security(HTTPBase(scheme="basic", scheme_name="basic", auto_error=False))
    ],
    _session: Annotated[
        object,
        Security(
            APIKeyCookie(
                name=COOKIE,
                scheme_name="session",
                description=f"With {CSRF_HEADER} for what changes something",
                auto_error=False,
            )
        ),
    ],
) -> None:
    """Put into the service's description how a caller shows who it is: `Guard` looks itself."""


Dependency = Callable[[Request], Caller]
"""What a route takes as `Depends(...)` to learn who calls."""


@dataclass(frozen=True, slots=True)
class Guard:
    """Makes the dependencies of the routes."""

    accounts: Accounts

    def need(self, right: Right) -> Dependency:
        """Return a dependency that lets only callers with a right pass.

        It raises `not_logged_in` or `not_allowed`.
        """

        def check(request: Request, _: Annotated[None, Depends(shown)] = None) -> Caller:
            caller = self.caller(request)
            if caller.role is None:
                raise RoadscanError(
                    "not_logged_in", "nobody is logged in", "Log in, or send an API key"
                )
            if not caller.may(right):
                raise RoadscanError(
                    "not_allowed",
                    f"{caller.name} is {caller.role.value}, which does not include {right.value}",
                    "Ask an administrator",
                )
            return caller

        return check

    def caller(self, request: Request) -> Caller:
        """Return who calls, `NOBODY` without cookie and key; raises where a key does not hold."""
        key = _key_of(request)
        if key is not None:
            return self._by_key(key)
        token = request.cookies.get(COOKIE)
        account = self.accounts.of_session(token) if token else None
        if token is None or account is None:
            return NOBODY
        if request.method not in _SAFE:
            _check_csrf(request, token)
        return Caller(account.account_id, account.name, account.role)

    def _by_key(self, secret: str) -> Caller:
        found = self.accounts.of_key(secret)
        if found is None:
            raise RoadscanError(
                "not_logged_in",
                "the API key is unknown, expired or revoked",
                "Make a new one under Account",
            )
        account, key = found
        return Caller(account.account_id, account.name, effective_role(key, account), key.key_id)


def csrf_token(session_token: str) -> str:
    """Return what a page of this session sends in `X-CSRF-Token`."""
    return hmac.digest(session_token.encode(), b"csrf", hashlib.sha256).hex()


def _check_csrf(request: Request, session_token: str) -> None:
    sent = request.headers.get(CSRF_HEADER, "")
    if not hmac.compare_digest(sent.encode(), csrf_token(session_token).encode()):
        raise RoadscanError(
            "csrf_token_wrong",
            "the request does not come from a page of this session",
            "Load the page again",
        )


def _key_of(request: Request) -> str | None:
    """Return the API key that a request shows."""
    if direct := request.headers.get("X-API-Key"):
        return direct
    scheme, _, rest = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip()
    if scheme.lower() == "basic":
        try:
            _, _, password = base64.b64decode(rest, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return ""
        return password
    return None
