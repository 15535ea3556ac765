import pytest
from argon2 import Parameters, extract_parameters
from argon2.low_level import Type
from starlette.testclient import TestClient

from roadscan.model.access import Role
from roadscan.serve.access.guard import COOKIE
from roadscan.serve.access.login import MAX_FAILURES
from tests.serve.conftest import PRODUCT_HASHER

PASSWORD = "vier Worte im Rathaus"


@pytest.fixture
def admin(client: TestClient, accounts):
    """A browser in which the first administrator is logged in."""
    token = accounts.invite(Role.ADMIN, 60.0)
    answer = client.post("/api/welcome", json={"name": "Ada", "password": PASSWORD, "token": token})
    assert answer.status_code == 200
    client.headers["X-CSRF-Token"] = answer.json()["csrf_token"]
    return client


@pytest.mark.both_databases
def test_the_first_link_makes_an_administrator_once(client, accounts):
    token = accounts.invite(Role.ADMIN, 60.0)
    first = client.post("/api/welcome", json={"name": "Ada", "password": PASSWORD, "token": token})
    again = client.post("/api/welcome", json={"name": "Eve", "password": PASSWORD, "token": token})
    assert first.json()["role"] == "admin"
    assert (again.status_code, again.json()["code"]) == (410, "invitation_used")
    assert [account.name for account in accounts.all()] == ["Ada"]


@pytest.mark.both_databases
def test_a_taken_name_leaves_the_invitation_as_it_was(admin, accounts):
    token = accounts.invite(Role.VIEWER, 60.0)
    taken = admin.post("/api/welcome", json={"name": "ADA ", "password": PASSWORD, "token": token})
    other = admin.post("/api/welcome", json={"name": "Bob", "password": PASSWORD, "token": token})
    assert (taken.status_code, taken.json()["code"]) == (409, "account_exists")
    assert other.status_code == 200


def test_an_old_invitation_makes_nothing(client, accounts):
    token = accounts.invite(Role.ADMIN, -1.0)
    answer = client.post("/api/welcome", json={"name": "A", "password": PASSWORD, "token": token})
    assert answer.status_code == 410


@pytest.mark.parametrize("password", ["kurz", "aaaaaaaaaaaaaaaa", "ich bin ADA und das ist gut"])
def test_a_weak_password_is_refused_and_the_link_still_holds(client, accounts, password):
    token = accounts.invite(Role.ADMIN, 60.0)
    weak = client.post("/api/welcome", json={"name": "Ada", "password": password, "token": token})
    good = client.post("/api/welcome", json={"name": "Ada", "password": PASSWORD, "token": token})
    assert (weak.status_code, weak.json()["code"]) == (400, "password_too_weak")
    assert good.status_code == 200


def test_who_logs_in_is_known_until_they_log_out(admin):
    assert admin.get("/api/me").json()["name"] == "Ada"
    assert admin.post("/api/logout").status_code == 204
    assert admin.get("/api/me").json() == {"name": "anonymous", "role": ""}


def test_a_logged_out_session_stays_ended_even_if_its_cookie_was_copied(admin):
    copied = admin.cookies[COOKIE]
    admin.post("/api/logout")
    admin.cookies.set(COOKIE, copied)
    assert admin.get("/api/me").json()["role"] == ""


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(client, accounts):
    token = accounts.invite(Role.ADMIN, 60.0)
    answer = client.post("/api/welcome", json={"name": "A", "password": PASSWORD, "token": token})
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie


def test_a_change_without_the_page_s_token_is_refused(admin):
    del admin.headers["X-CSRF-Token"]
    answer = admin.post("/api/invitations", json={"role": "viewer"})
    assert (answer.status_code, answer.json()["code"]) == (403, "csrf_token_wrong")


def test_a_wrong_password_and_a_wrong_name_get_the_same_answer(admin):
    answers = [
        admin.post("/api/login", json={"name": name, "password": "something else"})
        for name in ("Ada", "Nobody")
    ]
    assert [answer.status_code for answer in answers] == [401, 401]
    assert answers[0].json() == answers[1].json()


@pytest.mark.both_databases
def test_after_many_wrong_passwords_even_the_right_one_has_to_wait(admin, accounts):
    for _ in range(MAX_FAILURES):
        accounts.note_failure("Ada", "somewhere")
    answer = admin.post("/api/login", json={"name": "ada", "password": PASSWORD})
    assert (answer.status_code, answer.json()["code"]) == (429, "login_too_often")
    assert int(answer.headers["retry-after"]) > 0


def test_a_closed_account_is_out_at_once(admin, accounts):
    account = accounts.all()[0]
    accounts.change(account.account_id, Role.ADMIN, active=False)
    assert admin.get("/api/me").json()["role"] == ""
    answer = admin.post("/api/login", json={"name": "Ada", "password": PASSWORD})
    assert answer.status_code == 401


def test_logins_are_on_the_record(admin):
    admin.post("/api/login", json={"name": "Ada", "password": "wrong"})
    actions = [line["action"] for line in admin.get("/api/audit").json()]
    assert actions == ["login_failed", "account_made"]


@pytest.mark.parametrize("name", ["anonymous", "Roadscan purge", " ROADSCAN"])
def test_nobody_takes_a_name_by_which_the_record_means_the_program(client, accounts, name):
    token = accounts.invite(Role.ADMIN, 60.0)
    answer = client.post("/api/welcome", json={"name": name, "password": PASSWORD, "token": token})
    assert (answer.status_code, answer.json()["code"]) == (409, "account_exists")


def test_passwords_are_hashed_by_argon2id_as_strongly_as_rfc_9106_recommends():
    made = extract_parameters(PRODUCT_HASHER.hash("vier Worte im Rathaus"))
    assert isinstance(made, Parameters)
    assert made.type is Type.ID
    assert (made.time_cost, made.memory_cost, made.parallelism) == (3, 65536, 4)
    assert (made.salt_len, made.hash_len) == (16, 32)


def test_a_guessed_invitation_is_refused_before_the_password_is_hashed(client, monkeypatch):
    def hashes(*_):
        pytest.fail("a stranger made the service hash a password")

    monkeypatch.setattr("roadscan.serve.access.login.hash_password", hashes)
    given = {"name": "Eve", "password": PASSWORD, "token": "guessed"}
    answer = client.post("/api/welcome", json=given)
    assert (answer.status_code, answer.json()["code"]) == (410, "invitation_used")
