"""Logging in and out by name and password, and accepting invitations."""

from typing import Annotated, Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from roadscan.errors import RoadscanError
from roadscan.model.access import Account, Caller, Right
from roadscan.serve.access.guard import COOKIE, Guard, csrf_token
from roadscan.serve.api_description import problems
from roadscan.serve.settings import ServeSettings
from roadscan.store.town.accounts import Accounts, OutsideLogins

FAILURES_WITHIN_S: Final = 900.0
MAX_FAILURES: Final = 10
"""Failed logins allowed for a name or from an address within that time; more must wait."""
MIN_PASSWORD: Final = 12
MAX_PASSWORD: Final = 256
"""Longer ones would only keep the hasher busy."""
MIN_NAME: Final = 3
"""Shorter names occur in too many words to be refused in passwords."""

_HASHER: Final = PasswordHasher()
_NO_ACCOUNT: Final = _HASHER.hash("no account has this hash")

OIDC_LOGOUT: Final = "/api/oidc/logout"
"""Where a user of the external login service goes after logging out here."""

Name = Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[^\x00-\x1f\x7f]+$")]


class Login(BaseModel):
    """Name and password."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: Name
    password: Annotated[str, Field(max_length=MAX_PASSWORD)]


class Welcome(Login):
    """Name and password for an invitation."""

    token: Annotated[str, Field(max_length=100)]


def login_router(guard: Guard, settings: ServeSettings, logins: OutsideLogins) -> APIRouter:
    """Return the routes for logging in and out."""
    router, accounts = APIRouter(prefix="/api", tags=["access"]), guard.accounts

    def start_session(response: Response, account: Account) -> dict[str, str]:
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
        return start_session(response, found[0])

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
        # a stranger's guess costs one query, never the tens of megabytes of a hash
        accounts.check_invitation(given.token)
        password_hash = hash_password(given.name, given.password)
        account = accounts.accept(given.token, given.name, password_hash)
        accounts.record(account.name, "account_made", account.role.value)
        return start_session(response, account)

    @router.get("/me", responses=problems("not_logged_in"))
    def me(request: Request) -> dict[str, str]:
        caller = guard.caller(request)
        shown = _me(caller, request.cookies.get(COOKIE, ""))
        if settings.oidc is not None and logins.has(settings.oidc.issuer, caller.account_id):
            shown["leave"] = OIDC_LOGOUT
        return shown

    return router


def hash_password(name: str, password: str) -> str:
    """Return the argon2id hash of a password; raises `password_too_weak`."""
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise _weak(f"it has {len(password)} characters")
    known = name.strip().casefold()
    if len(known) >= MIN_NAME and known in password.casefold():
        raise _weak("it contains the name of the account")
    if len(set(password)) < MIN_PASSWORD // 2:
        raise _weak(f"it has only {len(set(password))} different characters")
    return _HASHER.hash(password)


def is_right(password: str, password_hash: str | None) -> bool:
    """Verify a password; None stands for an unknown account and takes as long."""
    try:
        _HASHER.verify(password_hash or _NO_ACCOUNT, password)
    except (VerifyMismatchError, InvalidHashError):
        return False
    return password_hash is not None


def _me(caller: Caller, session_token: str) -> dict[str, str]:
    shown = {"name": caller.name, "role": caller.role.value if caller.role else ""}
    if caller.role and session_token and not caller.key_id:
        shown["csrf_token"] = csrf_token(session_token)
    return shown


def _check_failures(accounts: Accounts, name: str, address: str) -> None:
    if accounts.failures(name, address, FAILURES_WITHIN_S) >= MAX_FAILURES:
        raise RoadscanError(
            "login_too_often",
            f"{MAX_FAILURES} logins failed within {FAILURES_WITHIN_S / 60:.0f} minutes",
            "Wait, then try again",
            retry_after_s=FAILURES_WITHIN_S,
        )


def _weak(why: str) -> RoadscanError:
    return RoadscanError(
        "password_too_weak",
        f"the password is too weak: {why}",
        f"Choose {MIN_PASSWORD} to {MAX_PASSWORD} characters without your name, such as four words",
    )
