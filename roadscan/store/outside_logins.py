"""Accounts of people whom a login service outside knows: by its address and their id there.

Never by their name: whoever may choose a name there must not become somebody else here.
"""

from sqlalchemy import Engine, insert, select
from sqlalchemy.exc import IntegrityError

from roadscan.errors import RoadscanError
from roadscan.model.access import Account, Role
from roadscan.store.access_tables import outside_logins
from roadscan.store.accounts import Accounts

NAMES_TRIED = 100


class OutsideLogins:
    """Finds and makes the accounts."""

    def __init__(self, engine: Engine, accounts: Accounts) -> None:
        self._engine = engine
        self._accounts = accounts

    def of(self, issuer: str, subject: str) -> Account | None:
        """Return the account of a subject, also a closed one; None if there is none yet."""
        table = outside_logins
        query = select(table.c.account_id).where(
            table.c.issuer == issuer, table.c.subject == subject
        )
        with self._engine.connect() as db:
            account_id = db.scalar(query)
        return None if account_id is None else self._accounts.get(account_id)

    def has(self, issuer: str, account_id: str) -> bool:
        """Say whether an account came about by a login there."""
        table = outside_logins
        query = select(table.c.subject).where(
            table.c.issuer == issuer, table.c.account_id == account_id
        )
        with self._engine.connect() as db:
            return db.scalar(query) is not None

    def add(self, issuer: str, subject: str, name: str, role: Role) -> Account:
        """Make an account without a password; a name that is taken gets a number.

        Raises
        ------
        RoadscanError
            `account_exists` if no number up to 100 helps.
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
