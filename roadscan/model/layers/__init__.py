"""The layers and their fields: each stands here once, and tables, files and documents follow it."""

from collections.abc import Mapping
from typing import Any, Final

from roadscan.model.layers.cells import CELLS
from roadscan.model.layers.damages import DAMAGES
from roadscan.model.layers.drives import DRIVES
from roadscan.model.layers.field import LayerSchema
from roadscan.model.layers.segments import SEGMENTS

LAYERS: Final[Mapping[str, LayerSchema[Any]]] = {
    schema.name: schema for schema in (SEGMENTS, DAMAGES, DRIVES, CELLS)
}
"""The layers by name, in the order in which they are listed everywhere."""
