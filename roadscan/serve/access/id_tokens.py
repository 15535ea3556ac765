"""Reads what a login service signed: who logged in, and what they are there."""

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
"""Signed with a key that only the issuer has: no shared secret, and never `none`."""
LEEWAY_S: Final = 60
MAX_TOKEN: Final = 20_000
MAX_SUBJECT: Final = 255
MAX_NAME: Final = 60


@dataclass(frozen=True, slots=True)
class Known:
    """Who logged in, as the issuer says."""

    subject: str
    name: str
    role: Role | None
    """By the mapping of the settings; None where none of its roles is there."""


def read_id_token(
    token: str,
    settings: OidcSettings,
    nonce: str,
    now_s: float,
    keys: Callable[[KeySet | None], KeySet],
) -> Known:
    """Return who an id token is about, once everything in it holds.

    Parameters
    ----------
    keys
        Gives the issuer's keys; handed a set, a newer one if there is one.

    Raises
    ------
    RoadscanError
        `oidc_refused`, and what `keys` raises.
    """
    if len(token) > MAX_TOKEN:
        raise _refused("it is too long")
    known = keys(None)
    try:
        decoded = _decoded(token, known)
        if decoded is None:
            newer = keys(known)
            decoded = None if newer is known else _decoded(token, newer)
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
        raise _refused("its subject is none")
    return Known(subject, _name_of(claims, subject), _role_of(claims, settings))


def _decoded(token: str, keys: KeySet) -> jwt.Token | None:
    """Return a token whose signature holds; None if its key is not among these."""
    try:
        return jwt.decode(token, keys, algorithms=ALGORITHMS)
    except InvalidKeyIdError:
        return None


def _name_of(claims: Mapping[str, Any], subject: str) -> str:
    for claim in ("preferred_username", "name", "email"):
        told = claims.get(claim)
        if isinstance(told, str):
            name = re.sub(r"[\x00-\x1f\x7f]", "", told).strip()[:MAX_NAME].strip()
            if name:
                return name
    return re.sub(r"[^\w.@-]", "", subject)[:MAX_NAME] or "account"


def _role_of(claims: Mapping[str, Any], settings: OidcSettings) -> Role | None:
    """Return the role of the first mapping whose name is among the claim's values."""
    told: Any = claims
    for part in settings.role_claim.split("."):
        told = told.get(part) if isinstance(told, Mapping) else None
    values = [told] if isinstance(told, str) else told if isinstance(told, list) else []
    return next((role for name, role in settings.roles if name in values), None)


def _refused(why: str) -> RoadscanError:
    return RoadscanError(
        "oidc_refused", f"the login service's token cannot be taken: {why}", "Log in again"
    )
