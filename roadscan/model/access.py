"""Access to a town's data: roles and rights, accounts, API keys, and the audit log."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Right(StrEnum):
    """A permission that a route requires."""

    READ = "read"
    """Layers, streets, reports."""
    PHOTOS = "photos"
    """Pictures of the road: never public."""
    UPLOAD = "upload"
    REVIEW = "review"
    """Confirm, reject or correct detected damage."""
    PLAN = "plan"
    """Schemes, exports, plans."""
    ADMINISTER = "administer"


class Role(StrEnum):
    """A role in the town hall: a set of rights."""

    VIEWER = "viewer"
    UPLOADER = "uploader"
    REVIEWER = "reviewer"
    PLANNER = "planner"
    ADMIN = "admin"

    @property
    def rights(self) -> frozenset[Right]:
        """Rights that the role grants."""
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
    """A person who may log in."""

    account_id: str
    name: str
    role: Role
    active: bool
    created_s: float


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key for programs (QGIS, a script) instead of a login; its secret is not stored."""

    key_id: str
    account_id: str
    label: str
    role: Role
    """Never grants more than its owner's role."""
    created_s: float
    expires_s: float
    revoked: bool


def effective_role(key: ApiKey, owner: Account) -> Role:
    """Return the role a key acts in: its own, or its owner's where that now grants less."""
    return key.role if key.role.rights <= owner.role.rights else owner.role


@dataclass(frozen=True, slots=True)
class Caller:
    """The account behind a request; `role` None is an anonymous visitor."""

    account_id: str
    name: str
    role: Role | None
    key_id: str = ""
    """API key used for the request; "" for a browser session."""

    def may(self, right: Right) -> bool:
        """Tell whether the caller has a right."""
        return self.role is not None and right in self.role.rights


NOBODY: Final = Caller("", "anonymous", None)


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One line of the audit log: who did what to what, and when."""

    at_s: float
    who: str
    action: str
    subject: str
