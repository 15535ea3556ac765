"""Networks that were read before: a large one is read once, not once a drive.

What is kept is keyed by everything it was made from: the files, how they were to be read, and the
code that read them. It only saves time: where it is missing or broken, the network is read again.
"""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Final

import numpy as np

from roadscan.model.link_table import LARGE, LinkTable
from roadscan.model.road import Network

FOLDER: Final = "ROADSCAN_CACHE"
"""Environment variable with the folder for such files; empty to keep none."""
MAX_NETWORKS: Final = 8
"""Networks kept; those used longest ago go first."""
_ARRAYS: Final = ("xy_m", "first", "rows", "row_first", "bounds_m")
_CODE: Final = ("roadscan.read", "roadscan.model")


def cache_folder() -> Path | None:
    """Return the folder of networks read before: the user's cache unless another is named."""
    named = os.environ.get(FOLDER)
    if named is not None:
        return Path(named) / "networks" if named else None
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    with suppress(RuntimeError):  # a user without a home
        return Path(base).expanduser() / "roadscan" / "networks"
    return None


def cache_key(contents: Sequence[str], settings: Sequence[str]) -> str:
    """Return the key of a network made from files with these hashes, read with these settings."""
    return hashlib.sha256("\0".join([*contents, *settings, _code()]).encode()).hexdigest()


def load_network(key: str, source: str) -> Network | None:
    """Return a network that was read before; None if it was not, or cannot be read."""
    folder = cache_folder()
    if folder is None or not (folder / key).is_dir():
        return None
    try:
        head = json.loads((folder / key / "head.json").read_text("utf-8"))
        arrays = {
            name: np.load(folder / key / f"{name}.npy", mmap_mode="r", allow_pickle=False)
            for name in _ARRAYS
        }
        table = LinkTable(**arrays)
        os.utime(folder / key)
        return Network(table, head["epsg"], head["sha256"], source, tuple(head["remarks"]))
    except (OSError, ValueError, LookupError, TypeError):
        return None


def keep_network(key: str, network: Network) -> None:
    """Keep a large network for the next time; without room or right to write nothing is kept."""
    folder = cache_folder()
    if folder is None or not isinstance(network.links, LinkTable) or len(network.links) < LARGE:
        return
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        made = Path(tempfile.mkdtemp(dir=folder, prefix="."))
        try:
            for name in _ARRAYS:
                np.save(made / f"{name}.npy", getattr(network.links, name), allow_pickle=False)
            head = {
                "epsg": network.crs_epsg,
                "sha256": network.sha256,
                "remarks": list(network.remarks),
            }
            (made / "head.json").write_text(json.dumps(head), "utf-8")
            made.rename(folder / key)
        finally:
            shutil.rmtree(made, ignore_errors=True)
        _forget_old(folder)


def _forget_old(folder: Path) -> None:
    known = [entry for entry in folder.iterdir() if entry.is_dir()]
    known.sort(key=lambda entry: entry.stat().st_mtime, reverse=True)
    for entry in known[MAX_NETWORKS:]:
        shutil.rmtree(entry, ignore_errors=True)


@lru_cache(maxsize=1)
def _code() -> str:
    """Return the hash of the code that reads networks: another version may read another one."""
    digest = hashlib.sha256()
    for package in _CODE:
        for entry in sorted(files(package).iterdir(), key=lambda entry: entry.name):
            if entry.is_file() and entry.name.endswith((".py", ".toml")):
                digest.update(entry.read_bytes())
    return digest.hexdigest()
