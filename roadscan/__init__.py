"""Road condition per segment from a dash-cam drive and its GNSS track."""

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from roadscan.pipeline.run import run
    from roadscan.pipeline.scheme import load_scheme
    from roadscan.store.sqlite import open_store

__version__ = version("roadscan")
__all__ = ["__version__", "load_scheme", "open_store", "run"]

_MODULES = {
    "run": "roadscan.pipeline.run",
    "load_scheme": "roadscan.pipeline.scheme",
    "open_store": "roadscan.store.sqlite",
}


def __getattr__(name: str) -> object:
    """Import on first access: the commands start faster without these modules."""
    if name not in _MODULES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(_MODULES[name]), name)
