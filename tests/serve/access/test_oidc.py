"""Logins by a town's own login service, a small one on this machine."""

import base64
import hashlib
import hmac
import urllib.request
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc.jwk import RSAKey
from starlette.testclient import TestClient

from roadscan.model.access import Role
from roadscan.serve.access.guard import COOKIE
from roadscan.serve.access.oidc_provider import MIN_INTERVAL_S, OidcProvider
from roadscan.serve.access.oidc_routes import LOGIN_COOKIE
from roadscan.serve.app import create_app
from roadscan.serve.settings import OidcSettings
from roadscan.serve.town import Town
from tests.serve.access.fake_issuer import CLIENT, SECRET, FakeIssuer, serving

WRONG = (
    {"nonce": "another"},
    {"nonce": None},
    {"aud": "another-client"},
    {"aud": ["another-client", "third"]},
    {"iss": "https://evil.example"},
    {"exp": 1_700_000_000},
    {"exp": None},
    {"iat": 4_000_000_000},
    {"sub": None},
    {"sub": ""},
    {"sub": "x" * 256},
    {"sub": 4711},
)
ELSEWHERE = (
    "http://169.254.169.254/latest/meta-data",
    "http://127.0.0.1:22/",
    "https://127.0.0.1/",
    "http://evil@127.0.0.1",
    "file:///etc/passwd",
    "/token",
    7,
)
ROLES = (("road-admin", Role.ADMIN), ("road-upload", Role.UPLOADER))


@pytest.fixture
def fake() -> Iterator[FakeIssuer]:
    with serving() as one:
        yield one


@pytest.fixture
def oidc(fake) -> OidcSettings:
    return OidcSettings(issuer=fake.issuer, client_id=CLIENT, secret=SECRET)


@pytest.fixture
def client(store, settings, oidc) -> Iterator[TestClient]:
    """A browser that shows each redirect."""
    app = create_app(Town(settings.model_copy(update={"oidc": oidc}), store))
    with TestClient(app, raise_server_exceptions=False, follow_redirects=False) as opened:
        yield opened


class _Shown(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def sent_on(address: str) -> str:
    """Ask the login service as a browser does and return where it sends one."""
    try:
        urllib.request.build_opener(_Shown).open(address, timeout=5)
    except urllib.error.HTTPError as answer:
        return answer.headers["Location"]
    raise AssertionError("it sends nobody on")


def begin(client: TestClient, back: str = "/") -> str:
    """Begin a login and return where the login service sends the browser back to."""
    return sent_on(client.get("/api/oidc/login", params={"back": back}).headers["Location"])


def log_in(client: TestClient, back: str = "/") -> str:
    """Log in and return the page that it ends at."""
    ended = client.get(begin(client, back))
    assert ended.status_code == 303
    return ended.headers["Location"]


def segment(told: bytes) -> str:
    """Return bytes as a token has them."""
    return base64.urlsafe_b64encode(told).decode().rstrip("=")


def name_of(client: TestClient) -> str:
    return client.get("/api/me").json()["name"]


def test_a_login_ends_at_the_page_it_began_at_with_a_session(client):
    assert log_in(client, "/streets?survey=x") == "/streets?survey=x"
    me = client.get("/api/me").json()
    assert (me["name"], me["role"], me["leave"]) == ("Uli Muster", "viewer", "/api/oidc/logout")
    assert client.post("/api/logout", headers={"X-CSRF-Token": me["csrf_token"]}).is_success
    assert name_of(client) == "anonymous"


@pytest.mark.both_databases
def test_the_second_login_is_the_same_account_whatever_the_name_says_by_then(
    client, fake, accounts
):
    log_in(client)
    fake.user["preferred_username"] = "Uli Married"
    log_in(client)
    assert [account.name for account in accounts.all()] == ["Uli Muster"]


@pytest.mark.both_databases
def test_a_subject_unknown_so_far_with_a_known_name_is_somebody_else(client, fake, accounts):
    local = accounts.add("uli muster", Role.ADMIN, None)
    log_in(client)
    assert (name_of(client), client.get("/api/me").json()["role"]) == ("Uli Muster (2)", "viewer")
    fake.user["sub"] = "other"
    log_in(client)
    assert name_of(client) == "Uli Muster (3)"
    assert accounts.get(local.account_id).role is Role.ADMIN


def test_nobody_becomes_the_program_itself_by_a_name(client, fake):
    fake.user["preferred_username"] = "roadscan purge"
    assert log_in(client) == "/login?failed=account_exists"


def test_the_login_is_asked_for_with_pkce_and_its_cookie_is_short_and_lax(client):
    answer = client.get("/api/oidc/login")
    asked = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["scope"] == ["openid profile email"]
    assert asked["redirect_uri"] == ["http://testserver/api/oidc/callback"]
    cookie = answer.headers["set-cookie"].lower()
    assert all(part in cookie for part in ("httponly", "samesite=lax", "max-age=600"))


def test_each_login_has_a_state_nonce_and_verifier_of_its_own(client):
    seen = [
        parse_qs(urlsplit(client.get("/api/oidc/login").headers["Location"]).query)
        for _ in range(2)
    ]
    for name in ("state", "nonce", "code_challenge"):
        assert seen[0][name] != seen[1][name]


@pytest.mark.parametrize(
    "back", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:x", "/a\nb"]
)
def test_a_login_never_ends_on_another_server(client, back):
    assert log_in(client, back) == "/"


def test_a_token_of_which_one_thing_does_not_hold_lets_nobody_in(client, fake, accounts):
    for claims in WRONG:
        fake.claims = claims
        assert log_in(client) == "/login?failed=oidc_refused", claims
        assert name_of(client) == "anonymous"
    assert accounts.all() == ()


def test_a_token_signed_by_an_unknown_key_lets_nobody_in(client, fake):
    fake.key = RSAKey.generate_key(2048, {"kid": "stranger"})
    assert log_in(client) == "/login?failed=oidc_refused"


def test_a_token_signed_by_another_key_under_a_known_name_lets_nobody_in(client, fake):
    fake.key = RSAKey.generate_key(2048, {"kid": "first"})
    assert log_in(client) == "/login?failed=oidc_refused"


def test_a_token_signed_by_nobody_or_with_the_public_key_as_secret_lets_nobody_in(client, fake):
    head, body, _ = fake.id_token("x").split(".")
    head = segment(b'{"alg": "HS256", "kid": "first"}')
    public = fake.key.as_pem(private=False)
    shared = segment(hmac.digest(public, f"{head}.{body}".encode(), hashlib.sha256))
    for token in (
        "eyJhbGciOiJub25lIn0.e30.",
        f"{head}.{body}.{shared}",
        "nonsense",
        "a.b.c",
        "x" * 30_000,
    ):
        fake.token = token
        assert log_in(client) == "/login?failed=oidc_refused"


def test_new_keys_of_the_service_are_fetched_when_one_is_missed(fake, oidc):
    now_s = [0.0]
    issuer = OidcProvider(oidc, lambda: now_s[0])
    first = issuer.keys()
    assert issuer.keys(first) is first, "strangers' keys do not make it ask again and again"
    fake.published.append(RSAKey.generate_key(2048, {"kid": "second"}))
    now_s[0] = MIN_INTERVAL_S + 1
    assert [key.kid for key in issuer.keys(first).keys] == ["first", "second"]
    assert fake.asked.count("/certs") == 2


def test_an_answer_to_a_login_that_did_not_begin_here_lets_nobody_in(client, store, settings):
    address = begin(client)
    client.cookies.delete(LOGIN_COOKIE)
    assert client.get(address).headers["Location"] == "/login?failed=oidc_state"


@pytest.mark.parametrize("change", ["state=wrong&", ""])
def test_a_wrong_state_lets_nobody_in_and_asks_for_no_token(client, fake, change):
    code = parse_qs(urlsplit(begin(client)).query)["code"][0]
    answer = client.get(f"/api/oidc/callback?{change}code={code}")
    assert answer.headers["Location"] == "/login?failed=oidc_state"
    assert "/token" not in fake.asked


@pytest.mark.parametrize("cookie", ["", "nonsense", "e30=", "bnVsbA==", "WzFd"])
def test_a_cookie_of_nonsense_is_a_login_that_did_not_begin(client, cookie):
    begin(client)
    client.cookies.delete(LOGIN_COOKIE)
    answer = client.get(
        "/api/oidc/callback?code=x&state=", headers={"Cookie": f"{LOGIN_COOKIE}={cookie}"}
    )
    assert answer.headers["Location"] == "/login?failed=oidc_state"


def test_a_client_without_a_secret_is_protected_by_pkce_alone(store, settings, fake):
    fake.secret = ""
    public = OidcSettings(issuer=fake.issuer, client_id=CLIENT)
    app = create_app(Town(settings.model_copy(update={"oidc": public}), store))
    with TestClient(app, follow_redirects=False) as client:
        address = begin(client)
        fake.codes = {code: {**asked, "code_challenge": "x"} for code, asked in fake.codes.items()}
        assert client.get(address).headers["Location"] == "/login?failed=oidc_refused"
        assert log_in(client) == "/"


def test_a_code_lets_in_once(client):
    address = begin(client)
    kept = client.cookies[LOGIN_COOKIE]
    assert client.get(address).headers["Location"] == "/"
    again = client.get(address, headers={"Cookie": f"{LOGIN_COOKIE}={kept}"})
    assert again.headers["Location"] == "/login?failed=oidc_refused"


def test_an_answer_in_the_name_of_another_service_lets_nobody_in(client, fake):
    address = begin(client).replace("realms%2Ftown", "realms%2Fother")
    assert client.get(address).headers["Location"] == "/login?failed=oidc_refused"
    assert "/token" not in fake.asked


def test_somebody_who_turns_back_there_is_told_on_the_login_page(client):
    state = parse_qs(urlsplit(begin(client)).query)["state"][0]
    answer = client.get(f"/api/oidc/callback?error=access_denied&state={state}")
    assert answer.headers["Location"] == "/login?failed=oidc_refused"


@pytest.mark.parametrize("status", [302, 404, 500, 503])
def test_a_service_that_is_down_or_sends_elsewhere_is_told_and_not_followed(client, fake, status):
    fake.status = status
    code = "oidc_unreachable" if status >= 500 else "oidc_refused"
    answer = client.get("/api/oidc/login")
    assert answer.headers["Location"] == f"/login?failed={code}"
    assert "/elsewhere" not in fake.asked


def test_a_service_that_is_gone_is_told_and_left_alone_for_a_while(store, settings):
    gone = OidcSettings(issuer="http://127.0.0.1:9/realms/town", client_id=CLIENT)
    app = create_app(Town(settings.model_copy(update={"oidc": gone}), store))
    with TestClient(app, follow_redirects=False) as client:
        for _ in range(2):
            answer = client.get("/api/oidc/login")
            assert answer.headers["Location"] == "/login?failed=oidc_unreachable"


def test_only_the_host_that_was_named_is_ever_asked(client, fake):
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri", "end_session_endpoint"):
        for address in ELSEWHERE:
            fake.described = {name: address}
            answer = client.get("/api/oidc/login")
            assert answer.headers["Location"] == "/login?failed=oidc_refused", (name, address)
    assert set(fake.asked) == {"/.well-known/openid-configuration"}


def test_a_service_that_calls_itself_otherwise_is_not_taken(client, fake):
    fake.described = {"issuer": "https://evil.example"}
    assert client.get("/api/oidc/login").headers["Location"] == "/login?failed=oidc_refused"


def test_a_closed_account_stays_closed(client, accounts):
    log_in(client)
    (account,) = accounts.all()
    accounts.change(account.account_id, Role.VIEWER, active=False)
    assert log_in(client) == "/login?failed=oidc_no_role"
    assert name_of(client) == "anonymous"


def test_a_role_given_here_stays_where_none_is_mapped(client, accounts):
    log_in(client)
    (account,) = accounts.all()
    accounts.change(account.account_id, Role.PLANNER, active=True)
    log_in(client)
    assert client.get("/api/me").json()["role"] == "planner"


class TestMappedRoles:
    @pytest.fixture
    def oidc(self, fake):
        claim = "realm_access.roles"
        return OidcSettings(
            issuer=fake.issuer, client_id=CLIENT, secret=SECRET, role_claim=claim, roles=ROLES
        )

    @pytest.mark.parametrize(
        ("there", "here"),
        [
            (["road-upload"], "uploader"),
            (["road-upload", "x", "road-admin"], "admin"),
        ],
    )
    def test_the_first_mapping_that_fits_is_the_role(self, client, fake, there, here):
        fake.user["realm_access"] = {"roles": there}
        log_in(client)
        assert client.get("/api/me").json()["role"] == here

    @pytest.mark.parametrize("there", [None, {}, {"roles": []}, {"roles": ["x"]}, "road-admin", 7])
    def test_without_a_role_that_is_mapped_nobody_comes_in(self, client, fake, accounts, there):
        fake.user["realm_access"] = there
        assert log_in(client) == "/login?failed=oidc_no_role"
        assert accounts.all() == ()

    def test_a_role_taken_away_there_is_gone_here_at_the_next_login(self, client, fake):
        fake.user["realm_access"] = {"roles": ["road-admin"]}
        log_in(client)
        fake.user["realm_access"] = {"roles": ["road-upload"]}
        log_in(client)
        assert client.get("/api/me").json()["role"] == "uploader"


def test_logging_out_leads_to_where_the_service_ends_its_own_session(client, fake):
    answer = client.get("/api/oidc/logout")
    there = urlsplit(answer.headers["Location"])
    assert answer.headers["Location"].startswith(f"{fake.issuer}/logout?")
    assert parse_qs(there.query)["post_logout_redirect_uri"] == ["http://testserver/login"]


def test_local_accounts_keep_working_beside_it(client, accounts):
    token = accounts.invite(Role.ADMIN, 60.0)
    given = {"name": "Ada", "password": "vier Worte im Rathaus"}
    assert client.post("/api/welcome", json={**given, "token": token}).is_success
    client.cookies.delete(COOKIE)
    assert client.post("/api/login", json=given).json()["role"] == "admin"
    assert "leave" not in client.get("/api/me").json()


@pytest.mark.both_databases
def test_logins_and_refusals_are_on_the_record(client, fake, accounts):
    log_in(client)
    fake.claims = {"nonce": "another"}
    log_in(client)
    lines = [(line.who, line.action) for line in accounts.audit_log(10)]
    assert lines == [
        ("anonymous", "login_failed"),
        ("Uli Muster", "login"),
        ("Uli Muster", "account_made"),
    ]


@pytest.mark.parametrize("language", ["de", "en"])
def test_the_login_page_has_a_button_for_it_only_if_it_is_set(client, store, settings, language):
    assert 'href="/api/oidc/login"' in client.get(f"/login?lang={language}").text
    with TestClient(create_app(Town(settings, store))) as without:
        assert "oidc" not in without.get(f"/login?lang={language}").text.split("<main")[1]
        assert without.get("/api/oidc/login").status_code == 404
