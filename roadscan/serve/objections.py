"""Objections against pictures in a town that is served."""

from pathlib import Path

from roadscan.pipeline.objections import Objected, object_to_pictures
from roadscan.read.objection_areas import read_objections
from roadscan.serve.settings import ServeSettings
from roadscan.serve.town import need_town, open_town


def object_in_town(settings: ServeSettings, areas: Path) -> Objected:
    """Apply a file of objections to a town; its pages show what was removed no more at once.

    Raises
    ------
    RoadscanError
        `file_missing` without a town, and what `read_objections` and `open_town` raise.
    """
    masks = read_objections(areas)
    need_town(settings)
    with open_town(settings) as store:
        return object_to_pictures(store, masks, "roadscan objections")
