import pytest

from roadscan.model.access import Role

ROUTES = (
    ("GET", "/api/accounts"),
    ("PUT", "/api/accounts/x"),
    ("POST", "/api/invitations"),
    ("GET", "/api/audit"),
)


@pytest.mark.parametrize(("method", "place"), ROUTES)
@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
def test_only_administrators_get_in(client, key_of, method, place, role):
    body = {"role": "viewer", "active": True} if method == "PUT" else {"role": "viewer"}
    sent = None if method == "GET" else body
    assert client.request(method, place, json=sent).status_code == 401
    assert client.request(method, place, json=sent, headers=key_of(role)).status_code == 403


def test_the_last_administrator_stays_one(client, key_of, accounts):
    admin = key_of(Role.ADMIN)
    account = accounts.all()[0]
    place = f"/api/accounts/{account.account_id}"
    answer = client.put(place, json={"role": "viewer", "active": True}, headers=admin)
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
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
