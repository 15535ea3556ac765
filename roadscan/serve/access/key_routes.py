"""A caller's own API keys, for GIS programs and scripts."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from roadscan.errors import RoadscanError
from roadscan.model.access import ApiKey, Caller, Right, Role
from roadscan.serve.access.guard import Guard
from roadscan.serve.access.login import Name
from roadscan.serve.api_description import problems

MAX_DAYS: Final = 400


class NewKey(BaseModel):
    """A key to be made."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    label: Name
    role: Role = Role.VIEWER
    days: Annotated[int, Field(ge=1, le=MAX_DAYS)] = 365


def keys_router(guard: Guard) -> APIRouter:
    """Return the routes for keys; a key is shown once, when it is made."""
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
                f"a key of role {given.role.value} is more than yours",
                "Ask for less",
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
