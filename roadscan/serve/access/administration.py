"""What administrators do with accounts, and the audit log."""

from collections.abc import Collection
from typing import Annotated, Final

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict

from roadscan.errors import RoadscanError
from roadscan.model.access import Account, AuditEntry, Caller, Right, Role
from roadscan.serve.access.guard import Guard
from roadscan.serve.description import problems

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


def administration_router(guard: Guard) -> APIRouter:
    """Return the routes for administrators."""
    router, accounts = APIRouter(prefix="/api", tags=["administration"]), guard.accounts
    admin = guard.need(Right.ADMINISTER)

    @router.get("/accounts")
    def list_accounts(_: Annotated[Caller, Depends(admin)]) -> list[Account]:
        return list(accounts.all())

    @router.put("/accounts/{account_id}", status_code=204, responses=problems("account_unknown"))
    def change(
        account_id: str, given: AccountChange, caller: Annotated[Caller, Depends(admin)]
    ) -> None:
        known = accounts.all()
        named = next((a for a in known if a.account_id == account_id), None)
        if named is None:
            raise RoadscanError("account_unknown", f"no account {account_id!r}", "List them")
        _keep_an_admin(known, account_id, given)
        accounts.change(account_id, given.role, active=given.active)
        what = f"{named.name}: {given.role.value}, {'open' if given.active else 'closed'}"
        accounts.record(caller.name, "account_changed", what)

    @router.post("/invitations", status_code=201)
    def invite(given: Invitation, caller: Annotated[Caller, Depends(admin)]) -> dict[str, str]:
        token = accounts.invite(given.role, INVITATION_S)
        accounts.record(caller.name, "invited", given.role.value)
        return {"token": token}

    @router.get("/audit")
    def audit(_: Annotated[Caller, Depends(admin)]) -> list[AuditEntry]:
        return list(accounts.audit_log(AUDIT_LINES))

    return router


def _keep_an_admin(known: Collection[Account], account_id: str, given: AccountChange) -> None:
    stays_admin = given.role is Role.ADMIN and given.active
    others = any(a.role is Role.ADMIN and a.active for a in known if a.account_id != account_id)
    if not (stays_admin or others):
        raise RoadscanError(
            "not_allowed", "this is the last administrator", "Make another one first"
        )
