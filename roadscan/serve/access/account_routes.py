"""What administrators do with accounts, and the audit log."""

from collections.abc import Collection
from dataclasses import asdict
from typing import Annotated, Final

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict

from roadscan.errors import RoadscanError
from roadscan.model.access import Account, ApiKey, AuditEntry, Caller, Right, Role, effective_role
from roadscan.serve.access.guard import Guard
from roadscan.serve.api_description import problems

AUDIT_LINES: Final = 1000
INVITATION_S: Final = 7 * 86400.0
"""How long the link of an invitation holds."""


class AccountChange(BaseModel):
    """What becomes of an account."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    role: Role
    active: bool


class Invitation(BaseModel):
    """An account to be made by whoever gets the link."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    role: Role


class KeyResponse(BaseModel):
    """A key of any account that still holds; when it was last used is not kept."""

    model_config = ConfigDict(frozen=True)
    key_id: str
    account_id: str
    owner: str
    label: str
    role: Role
    """What it lets do now: no more than its owner may."""
    created_s: float
    expires_s: float


def administration_router(guard: Guard) -> APIRouter:
    """Return the routes for administrators."""
    router, accounts = APIRouter(prefix="/api", tags=["administration"]), guard.accounts
    admin = guard.need(Right.ADMINISTER)

    @router.get("/accounts")
    def list_accounts(_: Annotated[Caller, Depends(admin)]) -> list[Account]:
        return list(accounts.all())

    @router.put(
        "/accounts/{account_id}",
        status_code=204,
        responses=problems("account_unknown", "last_administrator"),
    )
    def change(
        account_id: str, given: AccountChange, caller: Annotated[Caller, Depends(admin)]
    ) -> None:
        known = accounts.all()
        named = _account(known, account_id)
        _keep_an_admin(known, account_id, given)
        accounts.change(account_id, given.role, active=given.active)
        what = f"{named.name}: {given.role.value}, {'open' if given.active else 'closed'}"
        accounts.record(caller.name, "account_changed", what)

    @router.get("/accounts/keys")
    def keys(_: Annotated[Caller, Depends(admin)]) -> list[KeyResponse]:
        """Return the keys of all accounts that still hold, newest first."""
        known = accounts.all()
        return [_key(key, _account(known, key.account_id)) for key in accounts.holding_keys()]

    @router.delete(
        "/accounts/{account_id}/keys/{key_id}",
        status_code=204,
        responses=problems("account_unknown", "key_unknown"),
    )
    def withdraw(account_id: str, key_id: str, caller: Annotated[Caller, Depends(admin)]) -> None:
        """End a key of any account."""
        owner = _account(accounts.all(), account_id)
        if key_id not in {key.key_id for key in accounts.keys(account_id)}:
            raise RoadscanError("key_unknown", f"{owner.name} has no key {key_id!r}", "List them")
        accounts.revoke_key(account_id, key_id)
        accounts.record(caller.name, "key_revoked", f"{owner.name}: {key_id}")

    @router.post("/invitations", status_code=201)
    def invite(given: Invitation, caller: Annotated[Caller, Depends(admin)]) -> dict[str, str]:
        token = accounts.invite(given.role, INVITATION_S)
        accounts.record(caller.name, "invited", given.role.value)
        return {"token": token}

    @router.get("/audit")
    def audit(_: Annotated[Caller, Depends(admin)]) -> list[AuditEntry]:
        return list(accounts.audit_log(AUDIT_LINES))

    return router


def _account(known: Collection[Account], account_id: str) -> Account:
    named = next((account for account in known if account.account_id == account_id), None)
    if named is None:
        raise RoadscanError("account_unknown", f"no account {account_id!r}", "List them")
    return named


def _key(key: ApiKey, owner: Account) -> KeyResponse:
    return KeyResponse.model_validate(
        asdict(key) | {"owner": owner.name, "role": effective_role(key, owner)}
    )


def _keep_an_admin(known: Collection[Account], account_id: str, given: AccountChange) -> None:
    stays_admin = given.role is Role.ADMIN and given.active
    others = any(a.role is Role.ADMIN and a.active for a in known if a.account_id != account_id)
    if not (stays_admin or others):
        raise RoadscanError(
            "last_administrator", "this is the last administrator", "Make another one first"
        )
