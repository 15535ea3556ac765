"""Login by the town's own login service: OpenID Connect, authorization code with PKCE.

State, nonce and verifier of a pending login are in a separate cookie. The browser sends it when
it returns from the login service; the session cookie (SameSite=Strict) would not be sent.
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
from roadscan.serve.access.id_tokens import Identity, read_id_token
from roadscan.serve.access.oidc_provider import OidcProvider
from roadscan.serve.settings import OidcSettings, ServeSettings
from roadscan.store.town.accounts import Accounts, OutsideLogins

PREFIX: Final = "/api/oidc"
LOGIN_COOKIE: Final = "roadscan_oidc"
LOGIN_S: Final = 600
"""How long a login may take."""
SCOPES: Final = "openid profile email"
_LOCAL: Final = re.compile(r"/(?![/\\])[^\x00-\x20\x7f]*", re.ASCII)

Back = Annotated[str, Query(max_length=500)]
CallbackParameter = Annotated[str, Query(max_length=4000)]


@dataclass(frozen=True, slots=True)
class PendingLogin:
    """A login that the login service has not yet answered."""

    state: str
    nonce: str
    verifier: str
    back: str
    """The page of this service to return to."""

    def as_cookie(self) -> str:
        """Return the value of its cookie."""
        return urlsafe_b64encode(json.dumps(asdict(self)).encode()).decode()

    @classmethod
    def from_cookie(cls, text: str) -> "PendingLogin | None":
        """Return the pending login in a cookie; None if it is invalid."""
        try:
            values = json.loads(urlsafe_b64decode(text.encode()))
            pending = cls(**values)
        except (ValueError, TypeError):
            return None
        parts = (pending.state, pending.nonce, pending.verifier, pending.back)
        return pending if all(isinstance(part, str) and part for part in parts) else None


def oidc_router(
    guard: Guard, settings: ServeSettings, oidc: OidcSettings, logins: OutsideLogins
) -> APIRouter:
    """Return the routes of the external login; all of them redirect to a page."""
    router, accounts = APIRouter(prefix=PREFIX, include_in_schema=False), guard.accounts
    provider = OidcProvider(oidc)
    external = _ExternalAccounts(accounts, logins, oidc)

    @router.get("/login")
    def login(request: Request, back: Back = "/") -> RedirectResponse:
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        pending = PendingLogin(state, nonce, verifier, _local(back))
        try:
            there = provider.endpoints().authorize
        except RoadscanError as error:
            return failed(error, request)
        address = prepare_grant_uri(
            there,
            oidc.client_id,
            "code",
            redirect_uri=str(request.url_for("oidc_callback")),
            scope=SCOPES,
            state=pending.state,
            nonce=pending.nonce,
            code_challenge=create_s256_code_challenge(pending.verifier),
            code_challenge_method="S256",
        )
        answer = _to(address)
        answer.set_cookie(
            LOGIN_COOKIE,
            pending.as_cookie(),
            max_age=LOGIN_S,
            path=PREFIX,
            httponly=True,
            secure=settings.cookie_secure,
            samesite="lax",
        )
        return answer

    @router.get("/callback", name="oidc_callback")
    def callback(
        request: Request,
        code: CallbackParameter = "",
        state: CallbackParameter = "",
        iss: CallbackParameter = "",
        error: CallbackParameter = "",
    ) -> RedirectResponse:
        try:
            pending = _pending(request, state)
            _check_answer(code, error, iss or oidc.issuer, oidc)
            token = provider.id_token(code, pending.verifier, str(request.url_for("oidc_callback")))
            identity = read_id_token(token, oidc, pending.nonce, time.time(), provider.keys)
            account = external.account_of(identity)
        except RoadscanError as refusal:
            return failed(refusal, request)
        accounts.record(account.name, "login", f"{_address(request)} by {oidc.issuer}")
        answer = _to(pending.back)
        answer.delete_cookie(LOGIN_COOKIE, path=PREFIX)
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
        """Redirect to the logout of the login service; /api/logout ends our own session."""
        page = str(request.base_url) + "login"
        try:
            there = provider.endpoints().end_session
        except RoadscanError:
            there = ""
        asked = {"client_id": oidc.client_id, "post_logout_redirect_uri": page}
        sign = "&" if "?" in there else "?"
        return _to(f"{there}{sign}{urlencode(asked)}" if there else page)

    def failed(error: RoadscanError, request: Request) -> RedirectResponse:
        logging.getLogger(__name__).warning("login by %s failed: %s", oidc.issuer, error)
        accounts.record("anonymous", "login_failed", f"{_address(request)} {error.code}")
        answer = _to(f"/login?{urlencode({'failed': error.code})}")
        answer.delete_cookie(LOGIN_COOKIE, path=PREFIX)
        return answer

    return router


@dataclass(frozen=True, slots=True)
class _ExternalAccounts:
    """Accounts of users whom the login service identifies."""

    accounts: Accounts
    logins: OutsideLogins
    oidc: OidcSettings

    def account_of(self, identity: Identity) -> Account:
        """Return a user's account, created at the first login; raises `oidc_no_role`."""
        issuer, roles = self.oidc.issuer, self.oidc.roles
        if roles and identity.role is None:
            raise _refused(f"{identity.name} has none of the roles that are admitted here")
        role = identity.role or Role.VIEWER
        account = self.logins.of(issuer, identity.subject)
        if account is None:
            account = self.logins.add(issuer, identity.subject, identity.name, role)
            self.accounts.record(account.name, "account_made", f"{role.value}, by {issuer}")
        if not account.active:
            raise _refused(f"the account {account.name} is closed")
        if roles and account.role is not role:
            self.accounts.change(account.account_id, role, active=True)
            self.accounts.record(account.name, "account_changed", f"{role.value}, by {issuer}")
        return account


def _pending(request: Request, state: str) -> PendingLogin:
    pending = PendingLogin.from_cookie(request.cookies.get(LOGIN_COOKIE, ""))
    if pending is None or not hmac.compare_digest(pending.state.encode(), state.encode()):
        raise RoadscanError(
            "oidc_state",
            "this login was not started in this browser, or more than ten minutes ago",
            "Log in again",
        )
    return pending


def _check_answer(code: str, error: str, issuer: str, oidc: OidcSettings) -> None:
    """Raise `oidc_refused` for a failed login or another issuer (RFC 9207)."""
    if error or not code or issuer != oidc.issuer:
        why = (
            f"it answered {error[:80]!r}" if error else "its response has no code or another issuer"
        )
        raise RoadscanError("oidc_refused", f"login failed: {why}", "Log in again")


def _refused(why: str) -> RoadscanError:
    return RoadscanError("oidc_no_role", why, "Ask an administrator")


def _local(back: str) -> str:
    """Return a page of this service, since any other address would be an open redirect."""
    return back if _LOCAL.fullmatch(back) else "/"


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def _to(address: str) -> RedirectResponse:
    return RedirectResponse(address, 303, {"Cache-Control": "no-store"})
