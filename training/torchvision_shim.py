"""Stands in for torchvision where only a build that does not fit the installed torch can be had.

Ultralytics needs of it an import and one non-maximum suppression. A normal installation takes torch
and torchvision together from PyTorch's own index and never gets here.
"""

import importlib.machinery
import logging
import sys
import types
from importlib import metadata
from typing import Any

VERSION = "0.28.0"


def ensure_torchvision() -> None:
    """Call before the first import of ultralytics; says in the log if the stand-in is used."""
    try:
        import torchvision  # noqa: F401, PLC0415 -- the question is whether it imports
    except (ImportError, RuntimeError):
        logging.getLogger(__name__).warning("torchvision does not import: using a stand-in")
        _install()


def _install() -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
        del sys.modules[name]

    def nms(boxes: Any, scores: Any, threshold: float) -> Any:
        from ultralytics.utils.nms import TorchNMS  # noqa: PLC0415 -- needs this stand-in first

        return TorchNMS.nms(boxes, scores, threshold)

    package, ops = types.ModuleType("torchvision"), types.ModuleType("torchvision.ops")
    package.__dict__.update(
        __version__=VERSION,
        __path__=[],
        ops=ops,
        __spec__=importlib.machinery.ModuleSpec("torchvision", None, is_package=True),
    )
    ops.__dict__.update(nms=nms)
    sys.modules.update({"torchvision": package, "torchvision.ops": ops})
    try:
        metadata.version("torchvision")
    except metadata.PackageNotFoundError:
        real = metadata.version
        metadata.version = lambda name: VERSION if name == "torchvision" else real(name)
