"""A one-line error for commands whose optional packages are not installed."""

from collections.abc import Iterator
from contextlib import contextmanager

from roadscan.errors import RoadscanError


@contextmanager
def needs_extra(extra: str) -> Iterator[None]:
    """Turn the failed import of an extra's package into `extra_missing`."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "roadscan":
            raise  # a bug of ours, not a missing package
        raise RoadscanError(
            "extra_missing",
            f"this command needs the package {error.name}, which is not installed",
            f"Install it: pip install 'roadscan[{extra}]', in a checkout '.[{extra}]'",
        ) from error
