import json
from pathlib import Path
from typing import Any

import pytest
import shapely

from roadscan.errors import RoadscanError
from roadscan.read.objection_areas import read_objections

SQUARE = [[13.0, 51.0], [13.001, 51.0], [13.001, 51.001], [13.0, 51.001], [13.0, 51.0]]


def written(folder: Path, root: Any) -> Path:
    path = folder / "areas.geojson"
    path.write_text(root if isinstance(root, str) else json.dumps(root))
    return path


def feature(geometry: Any, **properties: str) -> dict[str, Any]:
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def collection(*features: Any) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": list(features)}


AREA = {"type": "Polygon", "coordinates": [SQUARE]}


@pytest.mark.parametrize("root", [AREA, feature(AREA), collection(feature(AREA))])
def test_an_area_may_stand_alone_or_among_features(tmp_path: Path, root: Any) -> None:
    (mask,) = read_objections(written(tmp_path, root))
    assert shapely.from_wkb(mask.outline_wkb).equals(shapely.Polygon(SQUARE))


def test_an_area_is_known_by_its_outline_and_called_by_its_name(tmp_path: Path) -> None:
    turned = {"type": "Polygon", "coordinates": [SQUARE[2:-1] + SQUARE[:3]]}
    (first,) = read_objections(written(tmp_path, feature(AREA, address="Lindenstr. 4")))
    (again,) = read_objections(written(tmp_path, feature(turned, name="Familie L.", address="x")))
    assert first.mask_id == again.mask_id
    assert (first.name, again.name) == ("Lindenstr. 4", "Familie L.")


def test_the_same_area_twice_is_one_mask(tmp_path: Path) -> None:
    assert len(read_objections(written(tmp_path, collection(feature(AREA), feature(AREA))))) == 1


def test_an_outline_that_crosses_itself_is_mended(tmp_path: Path) -> None:
    bow = [SQUARE[0], SQUARE[2], SQUARE[1], SQUARE[3], SQUARE[0]]
    (mask,) = read_objections(written(tmp_path, {"type": "Polygon", "coordinates": [bow]}))
    assert shapely.from_wkb(mask.outline_wkb).is_valid


POINT = {"type": "Point", "coordinates": [13.0, 51.0]}
METRES = {"type": "Polygon", "coordinates": [[[4e5, 5e6], [4e5, 6e6], [5e5, 5e6], [4e5, 5e6]]]}
FLAT = {"type": "Polygon", "coordinates": [[[13.0, 51.0]] * 4]}


@pytest.mark.parametrize(
    "root",
    [
        "no json",
        "[]",
        "{}",
        "[" * 5000,
        collection(),
        collection(feature(AREA), feature(POINT)),
        collection(feature(AREA), feature(None)),
        feature(METRES),
        feature(FLAT),
        feature({"type": "Polygon", "coordinates": [[["a", "b"]]]}),
        feature({"type": "Polygon", "coordinates": [SQUARE[:2]]}),
    ],
)
def test_of_a_file_with_a_fault_nothing_is_used(tmp_path: Path, root: Any) -> None:
    with pytest.raises(RoadscanError) as raised:
        read_objections(written(tmp_path, root))
    assert raised.value.code == "objections_malformed"
    assert "areas.geojson" in raised.value.message


@pytest.mark.parametrize(("data", "code"), [(None, "file_missing"), (b"", "file_empty")])
def test_a_file_that_is_not_there_is_told(tmp_path: Path, data: bytes | None, code: str) -> None:
    path = tmp_path / "areas.geojson"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(RoadscanError) as raised:
        read_objections(path)
    assert raised.value.code == code
