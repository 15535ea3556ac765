"""A survey with awkward names, stored and published once for all tests of this room."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from roadscan.model.road import Direction
from roadscan.publish.export import export_all
from roadscan.publish.layer_frames import Results, load_results
from roadscan.store.sqlite import open_store
from roadscan.store.store import Store
from tests.store.sample_surveys import (
    SETTINGS,
    TOWN,
    assessment,
    chunk,
    drive,
    grid,
    observation,
    survey,
)

HOSTILE = '</script><img src=x onerror=alert(1)> & "O\'Neil" \u2028 Straße'
NAME = "Spring <b>2026</b>"
HIT = {"D40": [(3, 1), (4, 1)]}


def fill(store: Store) -> None:
    """Put a survey of one drive along the first street."""
    hostile = replace(TOWN.links[1], street=HOSTILE)
    store.put_network(replace(TOWN, links=(TOWN.links[0], hostile, TOWN.links[2])))
    store.put_drive(drive())
    seen = (grid(views=1, hits=HIT), grid("bend", Direction.BACKWARD, views=1))
    store.put_chunk(chunk(0, observations=(observation(),), grids=seen), SETTINGS)
    store.put_survey(survey(name=NAME))
    store.put_assessment(NAME, assessment())


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with open_store(tmp_path_factory.mktemp("store")) as opened:
        fill(opened)
        yield opened


@pytest.fixture(scope="session")
def results(store: Store) -> Results:
    return load_results(store, NAME)


@pytest.fixture(scope="session")
def published(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with all that is published of the survey."""
    out = tmp_path_factory.mktemp("published")
    export_all(store, load_results(store, NAME), out)
    return out
