import pytest

from roadscan.errors import RoadscanError
from roadscan.model.access import Role
from roadscan.serve.access.oidc_settings import SECRET, SECRET_FILE, read_oidc

ISSUER = "https://login.town.example/realms/town"


def read(issuer=ISSUER, client_id="roadscan", role_claim="", roles=(), **environ):
    return read_oidc(issuer, client_id, role_claim, roles, environ)


def refused(**given):
    with pytest.raises(RoadscanError) as caught:
        read(**given)
    assert caught.value.code == "option_invalid"
    return str(caught.value)


def test_without_an_issuer_there_is_no_login_outside():
    assert read(issuer="", client_id="") is None


@pytest.mark.parametrize(
    "issuer",
    [ISSUER, "http://localhost:8080/realms/town", "http://127.0.0.1:8080", "http://[::1]:8080/x"],
)
def test_an_issuer_is_https_or_on_this_machine(issuer):
    assert read(issuer=issuer).issuer == issuer


@pytest.mark.parametrize(
    "issuer",
    [
        "http://login.town.example/realms/town",
        "http://localhost.evil.example",
        "login.town.example",
        "ftp://login.town.example",
        "https://me@login.town.example",
        "https://login.town.example/?x",
        "https://login.town.example/#x",
        "https://",
        "https://login.town.example:port/",
    ],
)
def test_any_other_address_is_refused_by_name(issuer):
    assert repr(issuer) in refused(issuer=issuer)


def test_the_secret_comes_from_the_environment_or_a_file_and_is_not_shown(tmp_path):
    path = tmp_path / "secret"
    path.write_text("of the client\n")
    for environ in ({SECRET: "of the client"}, {SECRET_FILE: str(path)}):
        found = read(**environ)
        assert found.secret.get_secret_value() == "of the client"
        assert "of the client" not in repr(found)


def test_a_file_that_cannot_be_read_is_told_by_name(tmp_path):
    assert "none.txt" in refused(**{SECRET_FILE: str(tmp_path / "none.txt")})
    assert "both" in refused(**{SECRET: "x", SECRET_FILE: "y"})


def test_roles_are_mapped_in_the_order_given():
    found = read(role_claim="realm_access.roles", roles=["a=b=admin", "road=uploader"])
    assert found.roles == (("a=b", Role.ADMIN), ("road", Role.UPLOADER))


@pytest.mark.parametrize("mapping", ["admin", "=admin", "road=", "road=boss", "road=Admin"])
def test_a_mapping_that_is_none_is_refused(mapping):
    assert repr(mapping) in refused(role_claim="roles", roles=[mapping])


@pytest.mark.parametrize(
    "given",
    [
        {"issuer": ""},
        {"client_id": ""},
        {"role_claim": "roles"},
        {"roles": ["road=admin"]},
    ],
    ids=str,
)
def test_what_is_missing_is_told(given):
    assert "--oidc-" in refused(**given)
