"""Access to collections, and the layer that a request selects."""

from collections.abc import Callable, Mapping
from typing import Final

from fastapi import Request

from roadscan.errors import RoadscanError
from roadscan.model.access import Right
from roadscan.serve.access.guard import Guard
from roadscan.serve.ogc.texts import COLLECTIONS
from roadscan.store.layers.reader import LayerReader
from roadscan.store.layers.selection import NOTHING, Layer, Source

Readable = Callable[[Request], frozenset[str]]
"""Returns the collections that the caller of a request may read.

Raises `not_logged_in` or `not_allowed` if there are none.
"""
_NOTHING: Final = Source("", "", "", 4326, 0.0)


def readable_by(guard: Guard, public: frozenset[str]) -> Readable:
    """Return a function that lets everyone read public collections, and authorised callers all."""
    need = guard.need(Right.READ)

    def readable(request: Request) -> frozenset[str]:
        if guard.caller(request).may(Right.READ):
            return frozenset(COLLECTIONS)
        shown = public & COLLECTIONS.keys()
        if not shown:
            need(request)
        return frozenset(shown)

    return readable


def readable_collection(readable: Readable, request: Request, collection: str) -> None:
    """Check that the caller may read a collection; raises `layer_unknown` if it does not exist."""
    names = readable(request)
    if collection not in COLLECTIONS:
        listed = ", ".join(COLLECTIONS)
        raise RoadscanError(
            "layer_unknown", f"there is no collection {collection[:60]!r}", f"Use one of {listed}"
        )
    if collection not in names:
        raise RoadscanError(
            "not_logged_in",
            f"the collection {collection} is not public",
            "Log in, or send an API key",
        )


def chosen_layer(reader: LayerReader, collection: str, values: Mapping[str, str]) -> Layer:
    """Return the layer of the requested survey and scheme, else that of the newest survey.

    The layer is empty if nothing has been assessed yet. Raises `survey_unknown`, and
    `query_invalid` for a scheme that no such survey was scored by.
    """
    found = reader.layers(collection)
    for name in ("survey", "scheme"):
        if name not in values:
            continue
        found = tuple(one for one in found if getattr(one.source, name) == values[name])
        if not found:
            raise RoadscanError(
                "survey_unknown" if name == "survey" else "query_invalid",
                f"Unknown {name} {values[name][:80]!r}",
                f"See the surveys listed at /ogc/collections/{collection}",
            )
    empty = Layer(collection, -1, _NOTHING, 0, NOTHING, None, None, 0)
    return found[0] if found else empty
