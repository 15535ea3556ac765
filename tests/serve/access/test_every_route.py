"""Every route, as every role, as nobody, and with a key that has expired."""

import pytest
from fastapi.routing import iter_route_contexts
from starlette.testclient import TestClient

from roadscan.model.access import Right, Role

pytestmark = pytest.mark.shared_service

PUBLIC = None
"""Anybody may ask: pages are empty frames, health tells no more than yes or no."""

RIGHT_OF = {
    "GET /": PUBLIC,
    "GET /streets": PUBLIC,
    "GET /segment": PUBLIC,
    "GET /review": PUBLIC,
    "GET /upload": PUBLIC,
    "GET /drive": PUBLIC,
    "GET /account": PUBLIC,
    "GET /admin": PUBLIC,
    "GET /login": PUBLIC,
    "GET /welcome": PUBLIC,
    "GET /notices": PUBLIC,
    "GET /static/{name:path}": PUBLIC,
    "GET /healthz": PUBLIC,
    "GET /readyz": PUBLIC,
    "GET /metrics": PUBLIC,
    "GET /api/openapi.json": PUBLIC,
    "GET /api/me": PUBLIC,
    "POST /api/login": PUBLIC,
    "POST /api/welcome": PUBLIC,
    "OPTIONS /uploads": PUBLIC,
    "OPTIONS /uploads/{upload_id}": PUBLIC,
    "POST /api/logout": Right.READ,
    "GET /api/keys": Right.READ,
    "POST /api/keys": Right.READ,
    "DELETE /api/keys/{key_id}": Right.READ,
    "GET /api/jobs": Right.READ,
    "GET /api/jobs/{job_id}": Right.READ,
    "GET /api/jobs/{job_id}/events": Right.READ,
    "GET /api/networks": Right.READ,
    "GET /api/surveys": Right.READ,
    "GET /api/evidence/segment": Right.READ,
    "GET /api/evidence/damage": Right.PHOTOS,
    "GET /api/evidence/photo": Right.PHOTOS,
    "GET /api/evidence/road": Right.PHOTOS,
    "GET /api/evidence/road-photo": Right.PHOTOS,
    "GET /api/reviews/queue": Right.REVIEW,
    "GET /api/reviews/agreement": Right.REVIEW,
    "GET /api/reviews": Right.REVIEW,
    "POST /api/reviews": Right.REVIEW,
    "POST /api/reviews/{number}/undo": Right.REVIEW,
    "GET /api/reviews/{number}/photo": Right.REVIEW,
    "POST /uploads": Right.UPLOAD,
    "HEAD /uploads/{upload_id}": Right.UPLOAD,
    "PATCH /uploads/{upload_id}": Right.UPLOAD,
    "DELETE /uploads/{upload_id}": Right.UPLOAD,
    "POST /uploads/{upload_id}": Right.UPLOAD,
    "GET /api/uploads": Right.UPLOAD,
    "GET /api/files": Right.UPLOAD,
    "GET /api/files/{sha256}": Right.UPLOAD,
    "DELETE /api/files/{sha256}": Right.UPLOAD,
    "GET /api/drives-waiting": Right.UPLOAD,
    "GET /api/checks": Right.UPLOAD,
    "GET /api/checks/{check_id}": Right.UPLOAD,
    "POST /api/checks/{check_id}/start": Right.UPLOAD,
    "POST /api/checks/{check_id}/withdraw": Right.UPLOAD,
    "POST /api/jobs": Right.UPLOAD,
    "POST /api/jobs/{job_id}/cancel": Right.UPLOAD,
    "POST /api/jobs/{job_id}/retry": Right.UPLOAD,
    "POST /api/jobs/rescore": Right.PLAN,
    "POST /api/jobs/export": Right.PLAN,
    "GET /api/exports/{job_id}": Right.PLAN,
    "GET /api/drives": Right.ADMINISTER,
    "DELETE /api/drives/{drive_id}": Right.ADMINISTER,
    "POST /api/jobs/purge": Right.ADMINISTER,
    "POST /api/jobs/backup": Right.ADMINISTER,
    "POST /api/jobs/rematch": Right.ADMINISTER,
    "GET /api/accounts": Right.ADMINISTER,
    "PUT /api/accounts/{account_id}": Right.ADMINISTER,
    "GET /api/accounts/keys": Right.ADMINISTER,
    "DELETE /api/accounts/{account_id}/keys/{key_id}": Right.ADMINISTER,
    "GET /api/admin/disk": Right.ADMINISTER,
    "GET /api/admin/models": Right.ADMINISTER,
    "GET /api/admin/retention": Right.ADMINISTER,
    "POST /api/admin/clock": Right.ADMINISTER,
    "POST /api/invitations": Right.ADMINISTER,
    "GET /api/audit": Right.ADMINISTER,
    "POST /api/networks": Right.ADMINISTER,
    "GET /api/networks/looks/{job_id}": Right.ADMINISTER,
    "GET /api/networks/{network_sha256}/drawing": Right.ADMINISTER,
    "PUT /api/networks/in-force": Right.ADMINISTER,
}
LAYERS = "/ogc/collections"
"""What lies below needs the right to read; the pages above it only say what the service speaks."""

BODIES = {
    "POST /api/keys": {"label": "x"},
    "POST /api/jobs": {"video_sha256": "0" * 64},
    "POST /api/checks/{check_id}/start": {},
    "POST /api/jobs/export": {"survey": "Herbst"},
    "POST /api/jobs/rematch": {"survey": "Herbst"},
    "POST /api/jobs/backup": {},
    "POST /api/jobs/rescore": {"survey": "Herbst", "scheme": "ap9k"},
    "PUT /api/accounts/{account_id}": {"role": "viewer", "active": True},
    "POST /api/invitations": {"role": "viewer"},
    "POST /api/networks": {"file_sha256": "0" * 64},
    "POST /api/reviews": {"survey": "x", "damage_id": "x", "verdict": "rejected"},
    "PUT /api/networks/in-force": {"network_sha256": "0" * 64, "name": "x"},
}
ASKED_OF_A_SURVEY = ("/api/drives", "/api/evidence", "/api/reviews")
TUS = {"Tus-Resumable": "1.0.0"}


def routes(client: TestClient) -> list[str]:
    found = set()
    for route in iter_route_contexts(client.app.routes):
        methods = set(route.methods or ()) - ({"HEAD"} if "GET" in (route.methods or ()) else set())
        found |= {f"{method} {route.path}" for method in methods}
    return sorted(found)


def right_of(route: str) -> Right | None:
    path = route.partition(" ")[2]
    if path.startswith("/ogc"):
        return Right.READ if path.startswith(LAYERS) else PUBLIC
    return RIGHT_OF[route]


def ask(client: TestClient, route: str, headers: dict[str, str]) -> int:
    method, _, path = route.partition(" ")
    path += "?survey=x&id=x&drive=x&t_s=1" if path.startswith(ASKED_OF_A_SURVEY) else ""
    path = path.replace("{collection}", "segments")
    for name in ("upload_id", "key_id", "job_id", "check_id", "drive_id", "account_id", "sha256"):
        path = path.replace(f"{{{name}}}", "0" * 32)
    path = path.replace("{number}", "1")
    path = path.replace("{name:path}", "app.css").replace("{feature_id:path}", "x")
    body = BODIES.get(route)
    return client.request(method, path, json=body, headers=headers | TUS).status_code


def test_no_route_is_forgotten_here(client):
    known = {*RIGHT_OF, *(route for route in routes(client) if " /ogc" in route)}
    assert set(routes(client)) == known


@pytest.mark.both_databases
def test_nobody_gets_in_without_a_login_except_where_anybody_may(client):
    for route in routes(client):
        status = ask(client, route, {})
        assert (status == 401) == (right_of(route) is not PUBLIC), (route, status)


def test_an_expired_key_opens_nothing(client, accounts):
    account = accounts.add("Uli", Role.ADMIN, None)
    _, secret = accounts.add_key(account.account_id, "old", Role.ADMIN, -1.0)
    for route in routes(client):
        if right_of(route) is not PUBLIC:
            assert ask(client, route, {"X-API-Key": secret}) == 401, route


@pytest.mark.parametrize("role", list(Role))
def test_a_role_opens_what_its_rights_say_and_nothing_else(client, key_of, role):
    headers = key_of(role)
    for route in routes(client):
        right = right_of(route)
        status = ask(client, route, headers)
        if right is PUBLIC or right in role.rights:
            assert status not in {401, 403}, (route, status)
        else:
            assert status == 403, (route, status)
