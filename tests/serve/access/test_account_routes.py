import base64

import pytest

from roadscan.model.access import Role

ROUTES = (
    ("GET", "/api/accounts"),
    ("PUT", "/api/accounts/x"),
    ("GET", "/api/accounts/keys"),
    ("DELETE", "/api/accounts/x/keys/x"),
    ("POST", "/api/invitations"),
    ("GET", "/api/audit"),
)


@pytest.mark.shared_service
@pytest.mark.parametrize(("method", "place"), ROUTES)
@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
def test_only_administrators_get_in(client, key_of, method, place, role):
    body = {"role": "viewer", "active": True} if method == "PUT" else {"role": "viewer"}
    sent = None if method in {"GET", "DELETE"} else body
    assert client.request(method, place, json=sent).status_code == 401
    assert client.request(method, place, json=sent, headers=key_of(role)).status_code == 403


@pytest.mark.both_databases
def test_the_last_administrator_stays_one(client, key_of, accounts):
    admin = key_of(Role.ADMIN)
    account = accounts.all()[0]
    place = f"/api/accounts/{account.account_id}"
    answer = client.put(place, json={"role": "viewer", "active": True}, headers=admin)
    assert (answer.status_code, answer.json()["code"]) == (409, "last_administrator")
    key_of(Role.ADMIN)
    assert client.put(place, json={"role": "viewer", "active": True}, headers=admin).is_success


def test_an_invited_colleague_gets_the_role_that_was_meant(client, key_of):
    token = client.post(
        "/api/invitations", json={"role": "reviewer"}, headers=key_of(Role.ADMIN)
    ).json()["token"]
    made = client.post(
        "/api/welcome",
        json={"name": "Rita", "password": "vier Worte im Rathaus", "token": token},
    )
    assert made.json()["role"] == "reviewer"


@pytest.mark.both_databases
def test_keys_of_all_accounts_are_listed_as_long_as_they_hold(client, key_of, accounts):
    admin = key_of(Role.ADMIN)
    pia = accounts.add("Pia", Role.PLANNER, None)
    key, secret = accounts.add_key(pia.account_id, "QGIS", Role.PLANNER, 60.0)
    accounts.add_key(pia.account_id, "expired", Role.VIEWER, -1.0)
    ended, _ = accounts.add_key(pia.account_id, "ended", Role.VIEWER, 60.0)
    accounts.revoke_key(pia.account_id, ended.key_id)
    gone = accounts.add("Gert", Role.VIEWER, None)
    accounts.add_key(gone.account_id, "of a closed account", Role.VIEWER, 60.0)
    accounts.change(gone.account_id, Role.VIEWER, active=False)
    accounts.change(pia.account_id, Role.VIEWER, active=True)
    answer = client.get("/api/accounts/keys", headers=admin)
    told = {key["label"]: key for key in answer.json()}
    assert set(told) == {"test", "QGIS"}
    assert (told["QGIS"]["owner"], told["QGIS"]["role"]) == ("Pia", "viewer")
    assert told["QGIS"]["key_id"] == key.key_id
    assert told["QGIS"]["expires_s"] == key.expires_s
    assert secret not in answer.text


def test_an_administrator_withdraws_a_key_of_another_and_it_is_on_the_record(
    client, key_of, accounts
):
    admin = key_of(Role.ADMIN)
    pia = accounts.add("Pia", Role.PLANNER, None)
    key, secret = accounts.add_key(pia.account_id, "QGIS", Role.PLANNER, 60.0)
    place = f"/api/accounts/{pia.account_id}/keys/{key.key_id}"
    assert client.get("/api/me", headers={"X-API-Key": secret}).status_code == 200
    assert client.delete(place, headers=admin).status_code == 204
    assert client.get("/api/me", headers={"X-API-Key": secret}).status_code == 401
    line = accounts.audit_log(1)[0]
    assert (line.action, line.subject) == ("key_revoked", f"Pia: {key.key_id}")


@pytest.mark.parametrize("place", ["x/keys/x", "{pia}/keys/x", "{pia}/keys/%00", "x/keys/{key}"])
def test_a_key_that_is_not_there_cannot_be_withdrawn(client, key_of, accounts, place):
    admin = key_of(Role.ADMIN)
    pia = accounts.add("Pia", Role.PLANNER, None)
    key, _ = accounts.add_key(pia.account_id, "QGIS", Role.PLANNER, 60.0)
    path = place.format(pia=pia.account_id, key=key.key_id)
    answer = client.delete(f"/api/accounts/{path}", headers=admin)
    assert answer.status_code == 404
    assert answer.json()["code"] in {"account_unknown", "key_unknown"}


def test_a_key_is_shown_once_and_opens_the_door(client, key_of):
    made = client.post("/api/keys", json={"label": "QGIS"}, headers=key_of(Role.VIEWER)).json()
    by_key = client.get("/api/me", headers={"Authorization": f"Bearer {made['secret']}"}).json()
    listed = client.get("/api/keys", headers={"X-API-Key": made["secret"]})
    assert by_key["role"] == "viewer"
    assert made["secret"] not in listed.text
    assert "QGIS" in [key["label"] for key in listed.json()]


def test_gis_programs_send_the_key_as_a_password(client, key_of):
    secret = key_of(Role.VIEWER)["X-API-Key"]
    basic = base64.b64encode(f"anything:{secret}".encode()).decode()
    assert client.get("/api/me", headers={"Authorization": f"Basic {basic}"}).json()["role"]


@pytest.mark.parametrize("header", ["Basic ???", "Basic bm9jb2xvbg==", "Bearer", "Bearer rsk_x"])
def test_a_key_that_does_not_hold_is_refused(client, header):
    answer = client.get("/api/me", headers={"Authorization": header})
    assert (answer.status_code, answer.json()["code"]) == (401, "not_logged_in")


def test_an_expired_key_is_refused(client, accounts):
    account = accounts.add("Uli", Role.UPLOADER, None)
    _, secret = accounts.add_key(account.account_id, "old", Role.VIEWER, -1.0)
    assert client.get("/api/me", headers={"X-API-Key": secret}).status_code == 401


@pytest.mark.both_databases
def test_a_revoked_key_is_refused_and_only_its_owner_revokes_it(client, key_of):
    mine, other = key_of(Role.UPLOADER), key_of(Role.ADMIN)
    made = client.post("/api/keys", json={"label": "x"}, headers=mine).json()
    place = f"/api/keys/{made['key_id']}"
    assert client.delete(place, headers=other).status_code == 404
    assert client.delete(place, headers=mine).status_code == 204
    assert client.get("/api/me", headers={"X-API-Key": made["secret"]}).status_code == 401


def test_nobody_makes_a_key_that_may_do_more_than_they_may(client, key_of):
    answer = client.post(
        "/api/keys", json={"label": "x", "role": "admin"}, headers=key_of(Role.VIEWER)
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")


def test_a_key_loses_what_its_owner_loses(client, accounts):
    account = accounts.add("Pia", Role.PLANNER, None)
    _, secret = accounts.add_key(account.account_id, "x", Role.PLANNER, 60.0)
    accounts.change(account.account_id, Role.VIEWER, active=True)
    assert client.get("/api/me", headers={"X-API-Key": secret}).json()["role"] == "viewer"
