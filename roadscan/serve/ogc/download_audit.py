"""Puts on record who took a layer away as a file."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

from fastapi import Request

from roadscan.serve.access.guard import Guard
from roadscan.store.layers.selection import Layer

EXPORTED: Final = "layer_exported"
"""The action in the audit log."""

Export = Callable[[Request, Layer, str, int], None]
"""Hears of a file before it is handed out: the request, the layer, its format, its features."""


def exports_on_record(guard: Guard) -> Export:
    """Return what writes exports into the audit log; who did not log in is "anonymous"."""

    def record(request: Request, layer: Layer, own: str, count: int) -> None:
        subject = f"{layer.collection}.{own}, {count} features, survey {layer.source.survey!r}"
        guard.accounts.record(guard.caller(request).name, EXPORTED, subject)

    return record


class Counted:
    """Passes rows on and counts them: a file is counted as it was written, not by a query more."""

    def __init__(self, rows: Iterable[Sequence[Any]]) -> None:
        self._rows = iter(rows)
        self.count = 0

    def __iter__(self) -> Iterator[Sequence[Any]]:
        return self

    def __next__(self) -> Sequence[Any]:
        """Return the next row."""
        row = next(self._rows)
        self.count += 1
        return row
