"""Which layer a request means, and whether its caller may read it."""

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
    """Return what lets everybody read the public collections, and readers all of them."""
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
    """Let pass who may read a collection; `layer_unknown` where there is none of this name."""
    names = readable(request)
    if collection not in COLLECTIONS:
        listed = ", ".join(COLLECTIONS)
        raise RoadscanError(
            "layer_unknown", f"there is no collection {collection[:60]!r}", f"Take of {listed}"
        )
    if collection not in names:
        raise RoadscanError(
            "not_logged_in",
            f"the collection {collection} is not public",
            "Log in, or send an API key",
        )


def chosen_layer(reader: LayerReader, collection: str, values: Mapping[str, str]) -> Layer:
    """Return the layer of the survey and scheme asked for, else that of the newest survey.

    An empty layer before anything was assessed, and of a survey that has none: never that of
    another survey. Raises `query_invalid` for a survey or scheme that there is not.
    """
    found = reader.layers(collection)
    for name in ("survey", "scheme"):
        if name not in values:
            continue
        found = tuple(one for one in found if getattr(one.source, name) == values[name])
        if not found:
            raise RoadscanError(
                "query_invalid",
                f"there is no layer {collection} of the {name} {values[name][:80]!r}",
                f"See the list of surveys, /ogc/collections/{collection}",
            )
    empty = Layer(collection, -1, _NOTHING, 0, NOTHING, None, None, 0)
    return found[0] if found else empty
