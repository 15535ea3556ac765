"""Verifies id tokens of the login service: who logged in, and with which role."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from roadscan.errors import RoadscanError
from roadscan.model.access import Role
from roadscan.serve.settings import OidcSettings

ALGORITHMS: Final = ["RS256", "PS256", "ES256"]
"""Asymmetric signatures only: no shared secret, and never `none`."""
LEEWAY_S: Final = 60
MAX_TOKEN: Final = 20_000
MAX_SUBJECT: Final = 255
MAX_NAME: Final = 60


@dataclass(frozen=True, slots=True)
class Identity:
    """A user as the login service identifies them."""

    subject: str
    name: str
    role: Role | None
    """By the role mapping in the settings; None if no mapping matches."""


def read_id_token(
    token: str,
    settings: OidcSettings,
    nonce: str,
    now_s: float,
    keys: Callable[[KeySet | None], KeySet],
) -> Identity:
    """Return whom a valid id token identifies.

    Parameters
    ----------
    keys
        Returns the key set of the login service; given a set, a newer one if there is one.

    Raises
    ------
    RoadscanError
        `oidc_refused`, and what `keys` raises.
    """
    if len(token) > MAX_TOKEN:
        raise _refused("it is too long")
    key_set = keys(None)
    try:
        decoded = _decoded(token, key_set)
        if decoded is None:
            newer = keys(key_set)
            decoded = None if newer is key_set else _decoded(token, newer)
        if decoded is None:
            raise _refused("it is signed by an unknown key")
        claims = CodeIDToken(
            decoded.claims,
            decoded.header,
            options={
                "iss": {"essential": True, "value": settings.issuer},
                "aud": {"essential": True, "value": settings.client_id},
            },
            params={"nonce": nonce, "client_id": settings.client_id},
        )
        claims.validate(now=int(now_s), leeway=LEEWAY_S)
    except (JoseError, ValueError, TypeError, KeyError) as error:
        why = getattr(error, "description", None) or getattr(error, "error", None)
        raise _refused(" ".join(str(why or type(error).__name__).split())[:160]) from error
    subject = claims["sub"]
    if not isinstance(subject, str) or not 0 < len(subject) <= MAX_SUBJECT:
        raise _refused("invalid subject")
    return Identity(subject, _name_of(claims, subject), _role_of(claims, settings))


def _decoded(token: str, keys: KeySet) -> jwt.Token | None:
    """Return a token with a valid signature; None if its key is not in the set."""
    try:
        return jwt.decode(token, keys, algorithms=ALGORITHMS)
    except InvalidKeyIdError:
        return None


def _name_of(claims: Mapping[str, Any], subject: str) -> str:
    for claim in ("preferred_username", "name", "email"):
        value = claims.get(claim)
        if isinstance(value, str):
            name = re.sub(r"[\x00-\x1f\x7f]", "", value).strip()[:MAX_NAME].strip()
            if name:
                return name
    return re.sub(r"[^\w.@-]", "", subject)[:MAX_NAME] or "account"


def _role_of(claims: Mapping[str, Any], settings: OidcSettings) -> Role | None:
    """Return the role of the first mapping that matches the claim."""
    value: Any = claims
    for part in settings.role_claim.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    values = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    return next((role for name, role in settings.roles if name in values), None)


def _refused(why: str) -> RoadscanError:
    return RoadscanError(
        "oidc_refused", f"invalid token from the login service: {why}", "Log in again"
    )
