"""Authenticates requests and checks the right that a route requires.

A browser sends its session cookie, a program its API key: as `Authorization: Bearer`, as
`X-API-Key`, or as the password of HTTP Basic, which GIS programs support. Requests with a cookie
must send the session's CSRF token with every change.
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


def authentication(
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
                description=f"With {CSRF_HEADER} for every change",
                auto_error=False,
            )
        ),
    ],
) -> None:
    """Put the ways to authenticate into the API description; `Guard` reads them itself."""


Dependency = Callable[[Request], Caller]
"""A dependency by which a route obtains its caller: `Depends(...)`."""


@dataclass(frozen=True, slots=True)
class Guard:
    """The factory of the routes' authentication dependencies."""

    accounts: Accounts

    def need(self, right: Right) -> Dependency:
        """Return a dependency that admits only callers with a right.

        It raises `not_logged_in` or `not_allowed`.
        """

        def check(request: Request, _: Annotated[None, Depends(authentication)] = None) -> Caller:
            caller = self.caller(request)
            if caller.role is None:
                raise RoadscanError(
                    "not_logged_in",
                    "you are not logged in",
                    "Log in, or send an API key, made on the page Account",
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
        """Return the caller, `NOBODY` without cookie and key; raises for an invalid key."""
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
                "Create a new one under Account",
            )
        account, key = found
        return Caller(account.account_id, account.name, effective_role(key, account), key.key_id)


def csrf_token(session_token: str) -> str:
    """Return the token that pages of this session send in `X-CSRF-Token`."""
    return hmac.digest(session_token.encode(), b"csrf", hashlib.sha256).hex()


def _check_csrf(request: Request, session_token: str) -> None:
    sent = request.headers.get(CSRF_HEADER, "")
    if not hmac.compare_digest(sent.encode(), csrf_token(session_token).encode()):
        raise RoadscanError(
            "csrf_token_wrong",
            "the request does not come from a page of this session",
            "Reload the page",
        )


def _key_of(request: Request) -> str | None:
    """Return the API key of a request, "" if it cannot be decoded, None without one."""
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
