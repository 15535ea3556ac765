"""Uploaded files, made available to readers under names that they can work with."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePath

from roadscan.errors import RoadscanError
from roadscan.read.input_files import errors_reported_as


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file, with its checksum, the name it was uploaded under, and the suffixes it may have."""

    sha256: str
    name: str
    suffixes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SentFiles:
    """The storage of uploaded files, and a folder for links to them."""

    path_of: Callable[[str], Path]
    folder: Path

    @contextmanager
    def linked(self, *files: SentFile) -> Iterator[tuple[Path, ...]]:
        """Link files into the empty folder, each with the suffix by which readers know its format.

        The sender's own name never becomes a path; errors show it in place of the link's.
        """
        with ExitStack() as stack:
            stack.enter_context(self._empty_folder())
            yield tuple(stack.enter_context(self._linked(file)) for file in files)

    @contextmanager
    def _linked(self, file: SentFile) -> Iterator[Path]:
        path = self.folder / f"{file.sha256}{_suffix(file)}"
        path.symlink_to(self.path_of(file.sha256).resolve())
        with errors_reported_as(path, file.name):
            yield path

    @contextmanager
    def _empty_folder(self) -> Iterator[None]:
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        try:
            yield
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)


def _suffix(file: SentFile) -> str:
    suffix = PurePath(file.name).suffix.lower()
    if suffix not in file.suffixes:
        raise RoadscanError(
            "file_unreadable",
            f"{file.name[:80]!r} does not end in {', '.join(file.suffixes)}",
            "Name it by its format and send it again",
        )
    return suffix
