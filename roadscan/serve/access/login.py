"""Logging in and out, and the first use of an invitation."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from roadscan.errors import RoadscanError
from roadscan.model.access import Account, Caller, Right
from roadscan.serve.access.guard import COOKIE, Guard, csrf_token
from roadscan.serve.access.passwords import MAX_LENGTH, hash_password, is_right
from roadscan.serve.api_description import problems
from roadscan.serve.settings import ServeSettings
from roadscan.store.town.accounts import Accounts, OutsideLogins

FAILURES_WITHIN_S: Final = 900.0
MAX_FAILURES: Final = 10
"""Failed logins of one name or from one address within that time, after which there is a wait."""

OIDC_LOGOUT: Final = "/api/oidc/logout"
"""Where somebody whom another service let in goes after logging out here."""

Name = Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[^\x00-\x1f\x7f]+$")]


class Login(BaseModel):
    """Who logs in."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: Name
    password: Annotated[str, Field(max_length=MAX_LENGTH)]


class Welcome(Login):
    """The first use of an invitation."""

    token: Annotated[str, Field(max_length=100)]


def login_router(guard: Guard, settings: ServeSettings, logins: OutsideLogins) -> APIRouter:
    """Return the routes for logging in and out."""
    router, accounts = APIRouter(prefix="/api", tags=["access"]), guard.accounts

    def let_in(response: Response, account: Account) -> dict[str, str]:
        token = accounts.begin_session(account.account_id, settings.session_s)
        response.set_cookie(
            COOKIE,
            token,
            max_age=round(settings.session_s),
            httponly=True,
            secure=settings.cookie_secure,
            samesite="strict",
        )
        return _me(Caller(account.account_id, account.name, account.role), token)

    @router.post("/login", responses=problems("login_failed", "login_too_often"))
    def login(given: Login, request: Request, response: Response) -> dict[str, str]:
        address = request.client.host if request.client else ""
        _check_failures(accounts, given.name, address)
        found = accounts.for_login(given.name)
        if not is_right(given.password, found[1] if found else None) or found is None:
            accounts.note_failure(given.name, address)
            accounts.record(given.name, "login_failed", address)
            raise RoadscanError("login_failed", "name or password is wrong", "Try again")
        accounts.record(found[0].name, "login", address)
        return let_in(response, found[0])

    @router.post("/logout", status_code=204)
    def logout(
        request: Request,
        response: Response,
        caller: Annotated[Caller, Depends(guard.need(Right.READ))],
    ) -> None:
        accounts.end_session(request.cookies.get(COOKIE, ""))
        accounts.record(caller.name, "logout", "")
        response.delete_cookie(COOKIE)

    @router.post(
        "/welcome", responses=problems("password_too_weak", "account_exists", "invitation_used")
    )
    def welcome(given: Welcome, response: Response) -> dict[str, str]:
        password_hash = hash_password(given.name, given.password)
        account = accounts.accept(given.token, given.name, password_hash)
        accounts.record(account.name, "account_made", account.role.value)
        return let_in(response, account)

    @router.get("/me", responses=problems("not_logged_in"))
    def me(request: Request) -> dict[str, str]:
        caller = guard.caller(request)
        told = _me(caller, request.cookies.get(COOKIE, ""))
        if settings.oidc is not None and logins.has(settings.oidc.issuer, caller.account_id):
            told["leave"] = OIDC_LOGOUT
        return told

    return router


def _me(caller: Caller, session_token: str) -> dict[str, str]:
    told = {"name": caller.name, "role": caller.role.value if caller.role else ""}
    if caller.role and session_token and not caller.key_id:
        told["csrf_token"] = csrf_token(session_token)
    return told


def _check_failures(accounts: Accounts, name: str, address: str) -> None:
    if accounts.failures(name, address, FAILURES_WITHIN_S) >= MAX_FAILURES:
        raise RoadscanError(
            "login_too_often",
            f"{MAX_FAILURES} logins failed within {FAILURES_WITHIN_S / 60:.0f} minutes",
            "Wait, then try again",
            retry_after_s=FAILURES_WITHIN_S,
        )
