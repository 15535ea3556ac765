"""Settings of the external login service, from command options and the environment.

The client secret comes from the environment or a file, never from an option: any user can list
processes with their arguments.
"""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from roadscan.errors import RoadscanError
from roadscan.model.access import Role
from roadscan.serve.access.oidc_provider import origin_of
from roadscan.serve.settings import OidcSettings

SECRET: Final = "ROADSCAN_OIDC_SECRET"  # noqa: S105 -- the name of a variable
SECRET_FILE: Final = "ROADSCAN_OIDC_SECRET_FILE"  # noqa: S105 -- the same
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
"""Hosts that need no TLS, since the connection stays on this machine."""
MAX_SECRET: Final = 4096


def read_oidc(
    issuer: str,
    client_id: str,
    role_claim: str,
    roles: Iterable[str],
    environ: Mapping[str, str] = os.environ,
) -> OidcSettings | None:
    """Return the settings; None without an issuer. Raises `option_invalid`."""
    mapped = tuple(_mapping(each) for each in roles)
    if not issuer:
        if client_id or role_claim or mapped:
            raise _wrong(
                "--oidc-issuer is missing", "Name the login service, or omit all --oidc options"
            )
        return None
    scheme, host, _ = origin_of(issuer)
    if not host or scheme not in {"https", "http"} or "?" in issuer or "#" in issuer:
        raise _wrong(
            f"--oidc-issuer: {issuer[:80]!r} is not a valid address",
            "Write the issuer as the login service does: https://login.town.example/realms/town",
        )
    if scheme == "http" and host not in LOOPBACK:
        raise _wrong(
            f"--oidc-issuer: {issuer[:80]!r} is not https",
            "Logins over plain HTTP can be read and changed in transit",
        )
    if not client_id:
        raise _wrong("--oidc-client-id is missing", "Take it from the login service")
    if bool(role_claim) != bool(mapped):
        raise _wrong("--oidc-role-claim and --oidc-role need each other", "Give both or neither")
    return OidcSettings(
        issuer=issuer,
        client_id=client_id,
        secret=_secret(environ),
        role_claim=role_claim,
        roles=mapped,
    )


def _mapping(text: str) -> tuple[str, Role]:
    name, _, role = text.rpartition("=")
    if not name or role not in set(Role):
        listed = ", ".join(Role)
        raise _wrong(
            f"--oidc-role: invalid mapping {text[:80]!r}",
            f"Write NAME=ROLE, with ROLE one of {listed}",
        )
    return name, Role(role)


def _secret(environ: Mapping[str, str]) -> SecretStr:
    given, path = environ.get(SECRET, ""), environ.get(SECRET_FILE, "")
    if given and path:
        raise _wrong(f"{SECRET} and {SECRET_FILE} are both set", "Set one of them")
    if not path:
        return SecretStr(given)
    try:
        with Path(path).open(encoding="utf-8") as file:
            return SecretStr(file.read(MAX_SECRET).strip())
    except (OSError, UnicodeDecodeError) as error:
        raise _wrong(
            f"{SECRET_FILE}: {path} cannot be read ({type(error).__name__})",
            "It must be a text file that the user of the service may read",
        ) from error


def _wrong(why: str, hint: str) -> RoadscanError:
    return RoadscanError("option_invalid", why, hint)
