import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from roadscan.model.access import RIGHTS, Right, Role
from roadscan.store.town.accounts import Accounts
from tests.databases import DATABASES, open_on


@pytest.fixture(params=DATABASES)
def store(request, tmp_path):
    with open_on(request.param, tmp_path) as opened:
        yield opened


@pytest.mark.parametrize("change", ["DELETE FROM audit", "UPDATE audit SET who = 'me'"])
def test_the_record_cannot_be_changed_or_shortened(store, change):
    accounts = Accounts(store.engine, lambda: 1.0)
    accounts.record("Eve", "photo_deleted", "p1")
    with pytest.raises(DatabaseError, match="append-only"), store.engine.begin() as db:
        db.execute(text(change))
    assert [line.who for line in accounts.audit_log(10)] == ["Eve"]


def test_sessions_end_with_their_time(store):
    now = [1000.0]
    accounts = Accounts(store.engine, lambda: now[0])
    account = accounts.add("Ada", Role.ADMIN, "hash")
    token = accounts.begin_session(account.account_id, 60.0)
    now[0] = 1059.0
    assert accounts.of_session(token) == account
    now[0] = 1061.0
    assert accounts.of_session(token) is None


def test_failures_are_forgotten_after_a_while_and_count_by_name_or_address(store):
    now = [0.0]
    accounts = Accounts(store.engine, lambda: now[0])
    for address in ("a", "b", "a"):
        accounts.note_failure("Ada", address)
    accounts.note_failure("Bob", "c")
    assert accounts.failures("ADA", "z", 900.0) == 3
    assert accounts.failures("Carl", "a", 900.0) == 2
    now[0] = 901.0
    assert accounts.failures("Ada", "a", 900.0) == 0


def test_no_secret_is_kept_as_it_is(store, tmp_path):
    accounts = Accounts(store.engine, lambda: 1.0)
    account = accounts.add("Ada", Role.ADMIN, "hash")
    secrets = [
        accounts.begin_session(account.account_id, 60.0),
        accounts.add_key(account.account_id, "x", Role.VIEWER, 60.0)[1],
        accounts.invite(Role.VIEWER, 60.0),
    ]
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("roadscan.db*"))
    assert not any(secret.encode() in kept for secret in secrets)


def test_pictures_need_a_role_and_only_administrators_administer():
    assert all(Right.PHOTOS in rights for rights in RIGHTS.values())
    assert [role for role in Role if Right.ADMINISTER in role.rights] == [Role.ADMIN]
