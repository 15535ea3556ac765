"""Accounts, sessions, API keys, invitations and the audit log.

Secrets (session tokens, keys, invitations) are 256 random bits, stored as plain SHA-256 only.
Passwords arrive hashed; see roadscan.serve.access.login.
"""

import hashlib
import secrets
import unicodedata
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Engine, Row, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from roadscan.errors import RoadscanError
from roadscan.model.access import Account, ApiKey, AuditEntry, Role
from roadscan.store import tables
from roadscan.store.tables import outside_logins

Clock = Callable[[], float]
"""UTC epoch seconds."""

KEY_PREFIX = "rsk_"
"""Makes keys recognisable to people and to scanners for leaked secrets."""


OURS = ("anonymous", "roadscan")
"""Names in the audit log for anonymous users and for the program itself."""


class Accounts:
    """Accounts, sessions, keys and the audit log of one town."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def add(self, name: str, role: Role, password_hash: str | None) -> Account:
        """Create an account; raises `account_exists` if the name is taken, ignoring case."""
        with self._engine.begin() as db:
            return self.add_in(db, name, role, password_hash)

    def add_in(self, db: Connection, name: str, role: Role, password_hash: str | None) -> Account:
        """Create an account within a transaction; raises `account_exists`."""
        account = Account(
            secrets.token_hex(8), name.strip(), role, active=True, created_s=self._clock()
        )
        row: dict[str, Any] = {
            "account_id": account.account_id,
            "name": account.name,
            "name_key": _key(name),
            "role": role.value,
            "active": True,
            "password_hash": password_hash,
            "created_s": account.created_s,
        }
        if row["name_key"].split(" ")[0] in OURS:
            raise RoadscanError("account_exists", f"{name!r} is taken", "Choose another name")
        try:
            db.execute(insert(tables.accounts), row)
        except IntegrityError as error:
            raise RoadscanError(
                "account_exists", f"there is an account {name!r} already", "Choose another name"
            ) from error
        return account

    def all(self) -> tuple[Account, ...]:
        """Return the accounts in order of their names."""
        with self._engine.connect() as db:
            rows = db.execute(select(tables.accounts).order_by(tables.accounts.c.name_key))
            return tuple(_account(row) for row in rows)

    def get(self, account_id: str) -> Account | None:
        """Return an account, even a closed one."""
        query = select(tables.accounts).where(tables.accounts.c.account_id == account_id)
        with self._engine.connect() as db:
            row = db.execute(query).first()
        return None if row is None else _account(row)

    def change(self, account_id: str, role: Role, *, active: bool) -> None:
        """Give an account another role, or close it; its sessions end at once."""
        with self._engine.begin() as db:
            db.execute(
                update(tables.accounts)
                .where(tables.accounts.c.account_id == account_id)
                .values(role=role.value, active=active)
            )
            db.execute(delete(tables.sessions).where(tables.sessions.c.account_id == account_id))

    def set_password(self, account_id: str, password_hash: str) -> None:
        """Give an account another password; its sessions end at once."""
        with self._engine.begin() as db:
            db.execute(
                update(tables.accounts)
                .where(tables.accounts.c.account_id == account_id)
                .values(password_hash=password_hash)
            )
            db.execute(delete(tables.sessions).where(tables.sessions.c.account_id == account_id))

    def for_login(self, name: str) -> tuple[Account, str] | None:
        """Return an open account and its password hash; None without one."""
        query = select(tables.accounts).where(tables.accounts.c.name_key == _key(name))
        with self._engine.connect() as db:
            row = db.execute(query).first()
        if row is None or not row.active or row.password_hash is None:
            return None
        return _account(row), row.password_hash

    def begin_session(self, account_id: str, lasts_s: float) -> str:
        """Return the token of a new session; expired sessions are deleted."""
        token, now_s = secrets.token_urlsafe(32), self._clock()
        with self._engine.begin() as db:
            db.execute(delete(tables.sessions).where(tables.sessions.c.expires_s < now_s))
            db.execute(
                insert(tables.sessions),
                {
                    "token_sha256": _sha256(token),
                    "account_id": account_id,
                    "expires_s": now_s + lasts_s,
                },
            )
        return token

    def of_session(self, token: str) -> Account | None:
        """Return the account of a session; None if the session has ended."""
        query = (
            select(tables.accounts)
            .join(tables.sessions, tables.sessions.c.account_id == tables.accounts.c.account_id)
            .where(
                tables.sessions.c.token_sha256 == _sha256(token),
                tables.sessions.c.expires_s >= self._clock(),
                tables.accounts.c.active,
            )
        )
        with self._engine.connect() as db:
            row = db.execute(query).first()
        return None if row is None else _account(row)

    def end_session(self, token: str) -> None:
        """End a session."""
        with self._engine.begin() as db:
            db.execute(
                delete(tables.sessions).where(tables.sessions.c.token_sha256 == _sha256(token))
            )

    def add_key(
        self, account_id: str, label: str, role: Role, lasts_s: float
    ) -> tuple[ApiKey, str]:
        """Create a key and return it with its secret, which cannot be retrieved later."""
        now_s = self._clock()
        secret = KEY_PREFIX + secrets.token_urlsafe(32)
        key = ApiKey(
            secrets.token_hex(8), account_id, label, role, now_s, now_s + lasts_s, revoked=False
        )
        row = {
            "key_id": key.key_id,
            "account_id": account_id,
            "label": label,
            "role": role.value,
            "secret_sha256": _sha256(secret),
            "created_s": now_s,
            "expires_s": key.expires_s,
            "revoked": False,
        }
        with self._engine.begin() as db:
            db.execute(insert(tables.api_keys), row)
        return key, secret

    def keys(self, account_id: str) -> tuple[ApiKey, ...]:
        """Return the keys of an account, oldest first."""
        query = (
            select(tables.api_keys)
            .where(tables.api_keys.c.account_id == account_id)
            .order_by(tables.api_keys.c.created_s, tables.api_keys.c.key_id)
        )
        with self._engine.connect() as db:
            return tuple(_api_key(row) for row in db.execute(query))

    def holding_keys(self) -> tuple[ApiKey, ...]:
        """Return the valid keys of all active accounts, newest first."""
        keys, accounts = tables.api_keys, tables.accounts
        query = (
            select(keys)
            .join(accounts, accounts.c.account_id == keys.c.account_id)
            .where(accounts.c.active, ~keys.c.revoked, keys.c.expires_s >= self._clock())
            .order_by(keys.c.created_s.desc(), keys.c.key_id)
        )
        with self._engine.connect() as db:
            return tuple(_api_key(row) for row in db.execute(query))

    def revoke_key(self, account_id: str, key_id: str) -> bool:
        """Revoke a key of an account; returns False if it has no such key."""
        with self._engine.begin() as db:
            done = db.execute(
                update(tables.api_keys)
                .where(
                    tables.api_keys.c.key_id == key_id,
                    tables.api_keys.c.account_id == account_id,
                )
                .values(revoked=True)
            )
        return done.rowcount == 1

    def of_key(self, secret: str) -> tuple[Account, ApiKey] | None:
        """Return the account of a valid key, and the key."""
        keys, accounts = tables.api_keys, tables.accounts
        holding = select(keys).where(
            keys.c.secret_sha256 == _sha256(secret),
            keys.c.expires_s >= self._clock(),
            ~keys.c.revoked,
        )
        with self._engine.connect() as db:
            key = db.execute(holding).first()
            if key is None:
                return None
            owner = db.execute(
                select(accounts).where(accounts.c.account_id == key.account_id, accounts.c.active)
            ).first()
        return None if owner is None else (_account(owner), _api_key(key))

    def invite(self, role: Role, lasts_s: float) -> str:
        """Return the token of a link that lets somebody create one account of this role."""
        token = secrets.token_urlsafe(32)
        row = {
            "token_sha256": _sha256(token),
            "role": role.value,
            "expires_s": self._clock() + lasts_s,
        }
        with self._engine.begin() as db:
            db.execute(insert(tables.invitations), row)
        return token

    def check_invitation(self, token: str) -> None:
        """Raise `invitation_used` unless the invitation can be used, which it still can after."""
        this = tables.invitations.c.token_sha256 == _sha256(token)
        query = select(tables.invitations.c.expires_s).where(this)
        with self._engine.connect() as db:
            expires_s = db.scalar(query)
        if expires_s is None or expires_s < self._clock():
            raise _invitation_used()

    def accept(self, token: str, name: str, password_hash: str) -> Account:
        """Create the account of an invitation, which can be used only once.

        Raises
        ------
        RoadscanError
            `invitation_used`; `account_exists`, which leaves the invitation usable.
        """
        this = tables.invitations.c.token_sha256 == _sha256(token)
        with self._engine.begin() as db:
            row = db.execute(select(tables.invitations).where(this)).first()
            gone = db.execute(delete(tables.invitations).where(this))
            if row is None or gone.rowcount != 1 or row.expires_s < self._clock():
                raise _invitation_used()
            return self.add_in(db, name, Role(row.role), password_hash)

    def note_failure(self, name: str, address: str) -> None:
        """Record a failed login."""
        row = {"at_s": self._clock(), "name_key": _key(name), "address": address}
        with self._engine.begin() as db:
            db.execute(insert(tables.login_failures), row)

    def failures(self, name: str, address: str, within_s: float) -> int:
        """Return the number of recent failed logins by name or by address, whichever is larger."""
        table = tables.login_failures
        since_s = self._clock() - within_s
        query = (
            select(table.c.name_key, table.c.address, func.count())
            .where(
                table.c.at_s >= since_s,
                or_(table.c.name_key == _key(name), table.c.address == address),
            )
            .group_by(table.c.name_key, table.c.address)
        )
        with self._engine.begin() as db:
            db.execute(delete(table).where(table.c.at_s < since_s))
            rows = db.execute(query).all()
        by_name = sum(count for key, _, count in rows if key == _key(name))
        by_address = sum(count for _, whence, count in rows if whence == address)
        return int(max(by_name, by_address))

    def record(self, who: str, action: str, subject: str) -> None:
        """Add an entry to the audit log, which can be neither changed nor removed."""
        with self._engine.begin() as db:
            write_audit(db, AuditEntry(self._clock(), who, action, subject))

    def audit_log(self, limit: int) -> tuple[AuditEntry, ...]:
        """Return the latest entries of the audit log, newest first."""
        query = select(tables.audit).order_by(tables.audit.c.number.desc()).limit(limit)
        with self._engine.connect() as db:
            return tuple(
                AuditEntry(row.at_s, row.who, row.action, row.subject) for row in db.execute(query)
            )


def write_audit(db: Connection, entry: AuditEntry) -> None:
    """Add an entry to the audit log in the transaction that it describes."""
    db.execute(insert(tables.audit), asdict(entry))


def _account(row: Row[Any]) -> Account:
    return Account(row.account_id, row.name, Role(row.role), row.active, row.created_s)


def _api_key(row: Row[Any]) -> ApiKey:
    return ApiKey(
        row.key_id,
        row.account_id,
        row.label,
        Role(row.role),
        row.created_s,
        row.expires_s,
        row.revoked,
    )


def _key(name: str) -> str:
    """Return a name without differences in case and Unicode form."""
    return unicodedata.normalize("NFKC", name).strip().casefold()


def _sha256(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


NAMES_TRIED = 100


class OutsideLogins:
    """Accounts of users who log in at the town's own login service."""

    def __init__(self, engine: Engine, accounts: Accounts) -> None:
        self._engine = engine
        self._accounts = accounts

    def of(self, issuer: str, subject: str) -> Account | None:
        """Return the account of a subject, even if closed; None before the first login."""
        table = outside_logins
        query = select(table.c.account_id).where(
            table.c.issuer == issuer, table.c.subject == subject
        )
        with self._engine.connect() as db:
            account_id = db.scalar(query)
        return None if account_id is None else self._accounts.get(account_id)

    def has(self, issuer: str, account_id: str) -> bool:
        """Return whether an account was created by a login there."""
        table = outside_logins
        query = select(table.c.subject).where(
            table.c.issuer == issuer, table.c.account_id == account_id
        )
        with self._engine.connect() as db:
            return db.scalar(query) is not None

    def add(self, issuer: str, subject: str, name: str, role: Role) -> Account:
        """Create an account without a password; a name that is taken gets a number.

        Raises
        ------
        RoadscanError
            `account_exists` if all numbers up to 100 are taken.
        """
        for number in range(1, NAMES_TRIED + 1):
            own = name if number == 1 else f"{name} ({number})"
            try:
                return self._add(issuer, subject, own, role)
            except RoadscanError as error:
                if error.code != "account_exists":
                    raise
            except IntegrityError:  # another request made it first
                found = self.of(issuer, subject)
                if found is None:
                    raise
                return found
        raise RoadscanError(
            "account_exists", f"there are {NAMES_TRIED} accounts {name!r}", "Close old ones"
        )

    def _add(self, issuer: str, subject: str, name: str, role: Role) -> Account:
        with self._engine.begin() as db:
            account = self._accounts.add_in(db, name, role, None)
            row = {"issuer": issuer, "subject": subject, "account_id": account.account_id}
            db.execute(insert(outside_logins), row)
        return account


def _invitation_used() -> RoadscanError:
    return RoadscanError(
        "invitation_used", "the link was used before or is too old", "Ask for a new one"
    )
