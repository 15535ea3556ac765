"""Checks and error messages that all readers of files share."""

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from roadscan.errors import RoadscanError


def check_file(path: Path, max_bytes: int | None = None, too_large: str = "file_unreadable") -> int:
    """Return the size of a readable, non-empty file in bytes.

    Raises
    ------
    RoadscanError
        `file_missing`, `file_unreadable`, `file_empty`, or `too_large` over `max_bytes`.
    """
    try:
        size = path.stat().st_size
        if not path.is_file():
            raise RoadscanError("file_unreadable", f"{path} is not a file", "Name a file")
        with path.open("rb"):
            pass
    except FileNotFoundError:
        raise RoadscanError(
            "file_missing", f"the file {path} does not exist", "Check the path and its spelling"
        ) from None
    except OSError as error:
        raise RoadscanError(
            "file_unreadable", f"{path} cannot be read ({error.strerror})", "Check its permissions"
        ) from error
    if size == 0:
        raise RoadscanError(
            "file_empty", f"{path} is empty (0 bytes)", "Copy it again from its source"
        )
    if max_bytes is not None and size > max_bytes:
        raise RoadscanError(
            too_large,
            f"{path} has {size / 1e6:.0f} MB, more than the limit of {max_bytes / 1e6:.0f} MB",
            "Split it, or check that this is the right file",
        )
    return size


@contextmanager
def errors_reported_as(working: Path, name: str) -> Iterator[None]:
    """Replace the name of a working copy by the original file name in errors raised within.

    The original name is only used in text: nothing opens it. The working copy needs a name that
    does not occur in a file by chance, such as a checksum, because it is replaced wherever readers,
    decoders or GDAL mention it; so are the names of files beside it that share its stem.
    """
    names: dict[str, str] = {}
    for copy in (working, working.resolve()):
        bare = name.removesuffix(PurePosixPath(name).suffix) if copy.suffix else name
        names |= {copy.stem: bare, str(copy.with_suffix("")): bare, copy.name: name}
        names[str(copy)] = name
    known = re.compile("|".join(map(re.escape, sorted(names, key=len, reverse=True))))
    try:
        yield
    except RoadscanError as error:
        message, hint = (
            known.sub(lambda found: names[found[0]], text) for text in (error.message, error.hint)
        )
        raise RoadscanError(error.code, message, hint, **error.facts) from error


def library_message(error: Exception, path: Path) -> str:
    """Return a library's error message with the file's name instead of its path on this machine."""
    return " ".join(str(error).replace(str(path.resolve()), path.name).split())[:160]


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
