"""Passwords: argon2id, with a check that takes as long for a name that nobody has."""

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from roadscan.errors import RoadscanError

MIN_LENGTH = 12
MAX_LENGTH = 256
"""Longer ones would only keep the hasher busy."""
MIN_NAME = 3
"""A shorter name stands in too many words to be told from them."""

_HASHER = PasswordHasher()
_NOBODY = _HASHER.hash("no account has this hash")


def hash_password(name: str, password: str) -> str:
    """Return the hash to keep; raises `password_too_weak`."""
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise _weak(f"it has {len(password)} characters")
    known = name.strip().casefold()
    if len(known) >= MIN_NAME and known in password.casefold():
        raise _weak("it holds the name of the account")
    if len(set(password)) < MIN_LENGTH // 2:
        raise _weak(f"it is made of {len(set(password))} different characters")
    return _HASHER.hash(password)


def is_right(password: str, password_hash: str | None) -> bool:
    """Compare a password with a hash; None stands for an account that does not exist."""
    try:
        _HASHER.verify(password_hash or _NOBODY, password)
    except (VerifyMismatchError, InvalidHashError):
        return False
    return password_hash is not None


def _weak(why: str) -> RoadscanError:
    return RoadscanError(
        "password_too_weak",
        f"the password cannot be taken: {why}",
        f"Take {MIN_LENGTH} to {MAX_LENGTH} characters, without your name: four words do",
    )
