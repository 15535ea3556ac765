"""A network in a zip: its entries are checked before anything is unpacked.

No name in the archive becomes a path: the parts of the network are written under our own names, and
theirs appear only in errors.
"""

import errno
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Final

from roadscan.errors import RoadscanError
from roadscan.read.input_files import errors_reported_as

MAX_ENTRIES: Final = 200
MAX_UNPACKED_BYTES: Final = 2_000_000_000
MAX_RATIO: Final = 200
"""Compression ratio; shapefile tables of blanks reach 50, a zip bomb a thousand."""
SMALL_BYTES: Final = 10_000_000
"""Too small for a zip bomb, whatever the ratio."""
NETWORKS: Final = (".shp", ".gpkg", ".geojson", ".json")
BESIDE: Final = (".shx", ".dbf", ".prj", ".cpg", ".mapping.toml")
ARCHIVES: Final = (".zip", ".7z", ".rar", ".gz", ".tar", ".tgz", ".bz2", ".xz", ".kmz")
METHODS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
PIECE_BYTES: Final = 1 << 20


@contextmanager
def unzipped_network(path: Path) -> Iterator[Path]:
    """Yield the one network of a zip, in a temporary folder with the files that belong to it.

    Raises
    ------
    RoadscanError
        `network_zip_refused` for anything possibly malicious, `network_malformed` for archives that
        cannot be read or do not hold exactly one network.
    """
    with TemporaryDirectory(prefix="roadscan-") as folder:
        try:
            network, inside = _unpack_network(path, Path(folder))
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError) as error:
            raise _unreadable(path.name, error) from error
        except OSError as error:
            if error.errno == errno.ENOSPC:
                raise RoadscanError(
                    "output_disk_full",
                    f"no disk space to unpack {path.name}",
                    "Free disk space for temporary files",
                ) from error
            raise _unreadable(path.name, error) from error
        with errors_reported_as(network, f"{path.name}: {inside}"):
            yield network


def _unpack_network(path: Path, folder: Path) -> tuple[Path, str]:
    """Unpack a network and its sidecar files; return its path and its name in the zip."""
    with zipfile.ZipFile(path) as archive:
        entries = [entry for entry in _checked(archive, path.name) if not entry.is_dir()]
        network = _the_network(entries, path.name)
        stem, left = _stem(network.filename), MAX_UNPACKED_BYTES
        for entry in entries:
            ending = _ending(entry.filename)
            if entry is network or (_stem(entry.filename) == stem and ending in BESIDE):
                left -= _unpack(archive, entry, folder / f"{folder.name}{ending}", left)
    return folder / f"{folder.name}{_ending(network.filename)}", network.filename


def _checked(archive: zipfile.ZipFile, source: str) -> list[zipfile.ZipInfo]:
    entries = archive.infolist()
    if len(entries) > MAX_ENTRIES:
        raise _refused(f"{source} has {len(entries)} entries, more than {MAX_ENTRIES}")
    for entry in entries:
        if why := _fault(entry):
            raise _refused(f"{source} has the entry {entry.orig_filename[:60]!a}, {why}")
    size, packed = (sum(getattr(e, k) for e in entries) for k in ("file_size", "compress_size"))
    if size > MAX_UNPACKED_BYTES:
        raise _refused(
            f"{source} unpacks to {size / 1e6:.0f} MB, more than {MAX_UNPACKED_BYTES / 1e6:.0f} MB"
        )
    if size > SMALL_BYTES and size > MAX_RATIO * packed:
        raise _refused(f"{source} unpacks to {size / max(packed, 1):.0f} times its size")
    return entries


def _fault(entry: zipfile.ZipInfo) -> str:
    """Return why an entry is refused, or "" if it is not."""
    name = entry.orig_filename
    steps = name.replace("\\", "/").split("/")
    kind = stat.S_IFMT(entry.external_attr >> 16)
    faults = {
        "whose name has control characters or more than 255 bytes": not name.isprintable()
        or len(name.encode()) > 255,
        "which points outside the folder": name.startswith(("/", "\\"))
        or ".." in steps
        or ":" in steps[0],
        "which is a link or a device": kind not in {0, stat.S_IFREG, stat.S_IFDIR},
        "which is encrypted": bool(entry.flag_bits & 1),
        "which is an archive itself": PurePosixPath(name.lower()).suffix in ARCHIVES,
        "which uses an unsupported compression method": entry.compress_type not in METHODS,
    }
    return next((why for why, is_so in faults.items() if is_so), "")


def _the_network(entries: list[zipfile.ZipInfo], source: str) -> zipfile.ZipInfo:
    found = [e for e in entries if _ending(e.filename) in NETWORKS and not _is_of_macos(e)]
    if len(found) == 1:
        return found[0]
    names = ", ".join(ascii(entry.filename[:60]) for entry in found[:5])
    raise RoadscanError(
        "network_malformed",
        f"{source} contains {'several networks: ' + names if found else 'no network'}",
        f"Zip one of {', '.join(NETWORKS)} with the files that belong to it",
    )


def _unpack(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path, room: int) -> int:
    """Unpack an entry and return its size in bytes; the declared size is not trusted."""
    written = 0
    with archive.open(entry) as packed, target.open("wb") as file:
        while piece := packed.read(PIECE_BYTES):
            written += len(piece)
            if written > room:
                raise _refused(f"an entry is larger than the {entry.file_size} bytes it declares")
            file.write(piece)
    return written


def _is_of_macos(entry: zipfile.ZipInfo) -> bool:
    return entry.filename.startswith("__MACOSX/") or _name(entry.filename).startswith("._")


def _name(filename: str) -> str:
    return PurePosixPath(filename.replace("\\", "/")).name


def _stem(filename: str) -> str:
    """Return the path without its suffix, in lower case."""
    return filename.lower().removesuffix(_ending(filename))


def _ending(filename: str) -> str:
    name = _name(filename).lower()
    return ".mapping.toml" if name.endswith(".mapping.toml") else PurePosixPath(name).suffix


def _refused(what: str) -> RoadscanError:
    return RoadscanError(
        "network_zip_refused", what, "Zip the files of one network, and nothing else"
    )


def _unreadable(source: str, error: Exception) -> RoadscanError:
    return RoadscanError(
        "network_malformed",
        f"{source} cannot be read as a zip ({' '.join(str(error).split())[:160]})",
        "Create the zip again",
    )
