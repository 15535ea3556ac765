"""Routes of accounts, API keys, invitations and the audit log."""

from collections.abc import Collection
from dataclasses import asdict
from typing import Annotated, Final

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from roadscan.errors import RoadscanError
from roadscan.model.access import Account, ApiKey, AuditEntry, Caller, Right, Role, effective_role
from roadscan.serve.access.guard import Guard
from roadscan.serve.access.login import Name
from roadscan.serve.api_description import problems

AUDIT_LINES: Final = 1000
INVITATION_S: Final = 7 * 86400.0
"""How long the link of an invitation is valid."""
MAX_DAYS: Final = 400


class AccountChange(BaseModel):
    """The new role and state of an account."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    role: Role
    active: bool


class Invitation(BaseModel):
    """An invitation: whoever has its link creates an account."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    role: Role


class NewKey(BaseModel):
    """A key to create."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    label: Name
    role: Role = Role.VIEWER
    days: Annotated[int, Field(ge=1, le=MAX_DAYS)] = 365


class KeyResponse(BaseModel):
    """A valid key of any account; when it was last used is not recorded."""

    model_config = ConfigDict(frozen=True)
    key_id: str
    account_id: str
    owner: str
    label: str
    role: Role
    """The role it has now, limited by that of its owner."""
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
        """Return the valid keys of all accounts, newest first."""
        known = accounts.all()
        return [_key(key, _account(known, key.account_id)) for key in accounts.holding_keys()]

    @router.delete(
        "/accounts/{account_id}/keys/{key_id}",
        status_code=204,
        responses=problems("account_unknown", "key_unknown"),
    )
    def revoke_any(account_id: str, key_id: str, caller: Annotated[Caller, Depends(admin)]) -> None:
        """Revoke a key of any account."""
        owner = _account(accounts.all(), account_id)
        if key_id not in {key.key_id for key in accounts.keys(account_id)}:
            raise RoadscanError(
                "key_unknown", f"{owner.name} has no key {key_id!r}", "List the keys"
            )
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


def keys_router(guard: Guard) -> APIRouter:
    """Return the routes for a caller's own API keys; a secret is shown only once."""
    router, accounts = APIRouter(prefix="/api/keys", tags=["access"]), guard.accounts
    logged_in = guard.need(Right.READ)

    @router.get("")
    def keys(caller: Annotated[Caller, Depends(logged_in)]) -> list[ApiKey]:
        return list(accounts.keys(caller.account_id))

    @router.post("", status_code=201)
    def make(given: NewKey, caller: Annotated[Caller, Depends(logged_in)]) -> dict[str, str]:
        if caller.role is None or not given.role.rights <= caller.role.rights:
            raise RoadscanError(
                "not_allowed",
                f"a key cannot have the role {given.role.value}, which includes more than yours",
                "Choose a role that includes no more than yours",
            )
        key, secret = accounts.add_key(
            caller.account_id, given.label, given.role, given.days * 86400.0
        )
        accounts.record(caller.name, "key_made", f"{key.key_id} {given.role.value}")
        return {"key_id": key.key_id, "secret": secret}

    @router.delete("/{key_id}", status_code=204, responses=problems("key_unknown"))
    def revoke(key_id: str, caller: Annotated[Caller, Depends(logged_in)]) -> None:
        if not accounts.revoke_key(caller.account_id, key_id):
            raise RoadscanError("key_unknown", f"you have no key {key_id!r}", "List your keys")
        accounts.record(caller.name, "key_revoked", key_id)

    return router


def _account(known: Collection[Account], account_id: str) -> Account:
    named = next((account for account in known if account.account_id == account_id), None)
    if named is None:
        raise RoadscanError(
            "account_unknown", f"there is no account {account_id!r}", "List the accounts"
        )
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
            "last_administrator", "this is the last administrator", "Appoint another one first"
        )
