"""Road condition per segment from a dash-cam drive and its GNSS track.

`run` turns videos into results, `open_result` opens finished ones again, `open_store` gives the
evidence behind them, `load_scheme` reads a scoring scheme, and `NetworkMapping` names the columns
of a road network. Every failure is a `RoadscanError` with a stable code.
"""

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING

from roadscan.errors import RoadscanError

if TYPE_CHECKING:
    from roadscan.pipeline.run import RunResult, open_result, run
    from roadscan.pipeline.scheme import load_scheme
    from roadscan.read.network_mapping import NetworkMapping
    from roadscan.store.sqlite import open_store

__version__ = version("roadscan")
__all__ = [
    "NetworkMapping",
    "RoadscanError",
    "RunResult",
    "__version__",
    "load_scheme",
    "open_result",
    "open_store",
    "run",
]

_MODULES = {
    "run": "roadscan.pipeline.run",
    "open_result": "roadscan.pipeline.run",
    "RunResult": "roadscan.pipeline.run",
    "load_scheme": "roadscan.pipeline.scheme",
    "NetworkMapping": "roadscan.read.network_mapping",
    "open_store": "roadscan.store.sqlite",
}


def __getattr__(name: str) -> object:
    """Import on first access: the commands start faster without these modules."""
    if name not in _MODULES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    """Name the public functions before they are imported, for `help` and completion."""
    return sorted({*globals(), *__all__})
