"""The pages on tracks, networks and cameras name what the readers know, and nothing else."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from roadscan.errors import EXIT_CODES
from roadscan.model.drive_check import Concern
from roadscan.model.frame import Camera
from roadscan.model.uploaded_file import TRACK_SUFFIXES
from roadscan.read import road_tags, track_csv, track_geojson
from roadscan.read.network import FORMATS
from roadscan.read.network_mapping import MEANINGS, NetworkMapping
from roadscan.read.network_table import ROAD_LAYERS
from roadscan.read.track_file import read_track
from roadscan.read.track_formats import TRACK_FORMATS, TrackFormat

DOCS = Path(__file__).parents[2] / "docs"


def words(text: str) -> set[str]:
    return set(re.findall(r"`([^`\n]+)`", text))


def row_of(text: str, key: str) -> str:
    (row,) = re.findall(rf"^\| `?{re.escape(key)}`?[ ,(].*$", text, flags=re.MULTILINE)
    return str(row)


def test_the_page_on_tracks_names_every_column() -> None:
    text = (DOCS / "tracks.md").read_text(encoding="utf-8")
    told = {word.replace("_", "") for word in words(text)}
    tables = {name: value for name, value in vars(track_csv).items() if isinstance(value, tuple)}
    assert {"TIME", "DATE", "CLOCK", "LON", "LAT", "LON_SIDE", "SPEED", "COURSE"} <= set(tables)
    for names in tables.values():
        assert set(names) <= told
    assert set(track_geojson.TIME + track_geojson.LINE_TIMES) <= words(text)


PLACES = {
    "README.md": "word",
    "docs/tracks.md": "word",
    "docs/uploads.md": "suffix",
    "docs/commands.md": "word",
    "docs/handbook/driving.md": "word",
    "docs/handbuch/befahren.md": "word",
    "roadscan/serve/pages/texts/de.toml": "suffix",
    "roadscan/serve/pages/texts/en.toml": "suffix",
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("track_format", TRACK_FORMATS, ids=lambda one: one.name)
def test_a_track_format_is_named_wherever_formats_are(
    track_format: TrackFormat, place: str
) -> None:
    text = (DOCS.parent / place).read_text(encoding="utf-8")
    names = [track_format.word] if PLACES[place] == "word" else track_format.suffixes
    assert all(name in text for name in names)


def test_a_file_beside_a_video_is_found_by_every_suffix_of_a_format() -> None:
    assert set(TRACK_SUFFIXES) == {suffix for one in TRACK_FORMATS for suffix in one.suffixes}


def test_the_example_of_a_track_can_be_read(tmp_path: Path) -> None:
    (example,) = re.findall(r"```\n(.*?)```", (DOCS / "tracks.md").read_text(), flags=re.DOTALL)
    (tmp_path / "example.csv").write_text(example)
    assert read_track(tmp_path / "example.csv").t_s.size == 2


def test_the_page_on_networks_names_every_column_layer_and_ending() -> None:
    text = (DOCS / "networks.md").read_text(encoding="utf-8")
    for meaning in MEANINGS:
        assert set(getattr(NetworkMapping(), meaning)) <= words(text), meaning
    for codes in road_tags.ONEWAY.values():
        assert codes <= set(re.findall(r"[\w-]+", text)), codes - set(re.findall(r"[\w-]+", text))
    for key in ("link_id", "street", "road_class", "surface", "oneway", "lane_width", "highway"):
        assert set(getattr(NetworkMapping(), key)) <= words(row_of(text, key))
    assert set(ROAD_LAYERS) <= words(text)
    assert all(any(word.endswith(ending) for word in words(text)) for ending in FORMATS)


def test_the_page_on_cameras_has_the_keys_of_a_camera_file() -> None:
    text = (DOCS / "cameras.md").read_text(encoding="utf-8")
    keys = re.findall(r"^\| `(\w+)`", text, flags=re.MULTILINE)
    assert keys == [
        field.name for field in fields(Camera) if field.name not in {"sha256", "moved_deg"}
    ]


@pytest.mark.parametrize("page", ["tracks", "networks"])
def test_the_codes_of_a_page_are_all_that_there_are_of_its_family(page: str) -> None:
    text = (DOCS / f"{page}.md").read_text(encoding="utf-8")
    family = page.removesuffix("s") + "_"
    named = {word for word in words(text) if word.startswith(family)}
    # Those about the drive as a whole are raised by pipeline and service, not by the reader.
    elsewhere = {"track_missing", "track_no_overlap", "network_too_far"}
    elsewhere |= {"network_missing", "network_unknown"}
    assert (
        named - set(Concern) == {code for code in EXIT_CODES if code.startswith(family)} - elsewhere
    )
