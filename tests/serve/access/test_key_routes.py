import base64

import pytest

from roadscan.model.access import Role


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
