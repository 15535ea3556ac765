"""Who may do what with a town's data: roles, accounts, keys, and the record of what was done."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Right(StrEnum):
    """What a route asks for."""

    READ = "read"
    """Layers, streets, reports."""
    PHOTOS = "photos"
    """Pictures of the road: never public."""
    UPLOAD = "upload"
    REVIEW = "review"
    """Say of a damage whether it is one."""
    PLAN = "plan"
    """Schemes, exports, plans."""
    ADMINISTER = "administer"


class Role(StrEnum):
    """What somebody is in the town hall; a role is a set of rights."""

    VIEWER = "viewer"
    UPLOADER = "uploader"
    REVIEWER = "reviewer"
    PLANNER = "planner"
    ADMIN = "admin"

    @property
    def rights(self) -> frozenset[Right]:
        """What the role allows."""
        return RIGHTS[self]


_READER: Final = frozenset({Right.READ, Right.PHOTOS})
RIGHTS: Final[dict[Role, frozenset[Right]]] = {
    Role.VIEWER: _READER,
    Role.UPLOADER: _READER | {Right.UPLOAD},
    Role.REVIEWER: _READER | {Right.REVIEW},
    Role.PLANNER: _READER | {Right.REVIEW, Right.PLAN},
    Role.ADMIN: frozenset(Right),
}


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who may log in."""

    account_id: str
    name: str
    role: Role
    active: bool
    created_s: float


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What a program (QGIS, a script) shows instead of logging in; its secret is not kept."""

    key_id: str
    account_id: str
    label: str
    role: Role
    """Never more than its owner's."""
    created_s: float
    expires_s: float
    revoked: bool


def effective_role(key: ApiKey, owner: Account) -> Role:
    """Return what a key lets do: its role, or its owner's if that has become less."""
    return key.role if key.role.rights <= owner.role.rights else owner.role


@dataclass(frozen=True, slots=True)
class Caller:
    """On whose behalf a request is made; `role` None is somebody from the street."""

    account_id: str
    name: str
    role: Role | None
    key_id: str = ""
    """Of the API key, where there is one; "" in a browser."""

    def may(self, right: Right) -> bool:
        """Say whether the caller has a right."""
        return self.role is not None and right in self.role.rights


NOBODY: Final = Caller("", "anonymous", None)


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One line of the record: who did what to what, and when."""

    at_s: float
    who: str
    action: str
    subject: str
