"""A large network is read once: afterwards what was read is at hand."""

import json
from pathlib import Path

import numpy as np
import pytest

from roadscan.model.link_table import LinkTable
from roadscan.read import network as reading
from roadscan.read.network import read_network
from roadscan.read.network_cache import MAX_NETWORKS
from tests.read.test_network_ids import town, write


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ROADSCAN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("roadscan.model.link_table.LARGE", 100)
    monkeypatch.setattr("roadscan.read.network_cache.LARGE", 100)
    return tmp_path / "cache" / "networks"


def unreadable(*_: object) -> None:
    raise AssertionError("it was read again")


def test_a_network_is_read_once(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, town())
    first = read_network(path)
    assert len(list(folder.iterdir())) == 1
    monkeypatch.setattr(reading, "_read", unreadable)
    second = read_network(path)
    assert isinstance(second.links, LinkTable)
    assert (second.sha256, second.crs_epsg, second.source) == (
        *(first.sha256, first.crs_epsg),
        first.source,
    )
    assert second.remarks == first.remarks
    for a, b in zip(first.links, second.links, strict=True):
        assert (a.link_id, a.street, a.register) == (b.link_id, b.street, b.register)
        np.testing.assert_array_equal(a.xy_m, b.xy_m)


def test_another_content_width_mapping_name_or_code_is_read_again(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, town())
    read_network(path)
    read_network(path, 3.25)
    read_network(path.rename(tmp_path / "m.geojson"))
    path = write(tmp_path, town())
    (tmp_path / "n.mapping.toml").write_text('width_unit = "cm"')
    read_network(path)
    collection = json.loads(path.read_text())
    collection["features"][0]["properties"]["name"] = "Weg"
    path.write_text(json.dumps(collection))
    assert read_network(path).links[0].street == "Weg"
    monkeypatch.setattr("roadscan.read.network_cache._code", lambda: "another version")
    read_network(path)
    assert len(list(folder.iterdir())) == 6


def test_a_broken_or_forbidden_cache_only_costs_time(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, town())
    ids = [link.link_id for link in read_network(path).links]
    (kept,) = folder.iterdir()
    for part in kept.iterdir():
        part.write_bytes(part.read_bytes()[:40])
    assert [link.link_id for link in read_network(path).links] == ids
    monkeypatch.setenv("ROADSCAN_CACHE", "")
    assert [link.link_id for link in read_network(path).links] == ids
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ROADSCAN_CACHE", str(tmp_path / "file"))
    assert [link.link_id for link in read_network(path).links] == ids


def test_small_networks_are_not_kept_and_of_large_ones_only_the_last(
    tmp_path: Path, folder: Path
) -> None:
    read_network(write(tmp_path, town(3)))
    assert not folder.exists()
    for number in range(MAX_NETWORKS + 2):
        read_network(write(tmp_path, town(), f"n{number}.geojson"))
    assert len(list(folder.iterdir())) == MAX_NETWORKS
