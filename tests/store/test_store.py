"""The promises of `roadscan.store.store.Store`, kept by every database."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from roadscan.model.damage import LaneGrid, Rejection
from roadscan.model.drive import ChunkResult, Drive
from roadscan.model.frame import FrameRejection
from roadscan.model.road import Direction
from roadscan.model.survey import Assessment
from roadscan.store.rescoring import Scorings
from roadscan.store.store import Store
from roadscan.store.tables import metadata
from tests.assess.lanes import same_grid
from tests.databases import DATABASES, open_on
from tests.store.sample_surveys import (
    SETTINGS,
    T_S,
    TOWN,
    assessment,
    chunk,
    damage,
    drive,
    grid,
    observation,
    rejected,
    same_network,
    survey,
)

EAST = ("east", Direction.FORWARD)
Put = Callable[[Store], None]


@pytest.fixture(params=DATABASES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    with open_on(request.param, tmp_path) as opened:
        yield opened


def dump(store: Store) -> dict[str, list[str]]:
    """Return all there is in a store, table by table."""
    with store.engine.connect() as db:
        return {
            table.name: sorted(repr(tuple(row)) for row in db.execute(select(table)))
            for table in metadata.sorted_tables
        }


def same_drive(first: Drive, second: Drive) -> bool:
    paths = zip(first.path_m, second.path_m, strict=True)
    return all(np.array_equal(a, b) for a, b in paths) and (
        replace(first, path_m=()) == replace(second, path_m=())
    )


# what is put comes back


def test_a_network_comes_back_as_it_was_put(store: Store) -> None:
    store.put_network(TOWN)
    assert same_network(store.network(TOWN.sha256), TOWN)


def test_drives_come_back_by_their_start_then_their_id(store: Store) -> None:
    drives = [drive(3, T_S), drive(1, T_S), drive(2, T_S - 100.0)]
    for one in drives:
        store.put_drive(one)
    store.put_survey(survey(1, 2, 3))
    found = store.drives("Spring")
    assert [one.drive_id for one in found] == ["drive-2", "drive-1", "drive-3"]
    assert same_drive(found[1], drives[1])


def test_a_drive_without_a_path_comes_back(store: Store) -> None:
    store.put_drive(replace(drive(), path_m=()))
    store.put_survey(survey())
    assert store.drives("Spring")[0].path_m == ()


def test_observations_come_in_the_order_of_time_then_of_their_frame(store: Store) -> None:
    late, early, twin = (
        observation(T_S + 1.0),
        observation(T_S - 1.0),
        observation(T_S - 1.0, "D00", 1),
    )
    store.put_chunk(chunk(0, observations=(late, early, twin)), SETTINGS)
    store.put_survey(survey())
    seen = store.sightings("Spring", *EAST)
    assert [sighting.observation for sighting in seen] == [early, twin, late]
    assert {sighting.box.drive_id for sighting in seen} == {"drive-1"}
    assert store.sightings("Spring", "east", Direction.BACKWARD) == ()
    assert store.sightings("Spring", "bend", Direction.FORWARD) == ()


def test_results_come_back_as_they_were_put(store: Store) -> None:
    store.put_assessment("Spring", assessment())
    assert store.assessment("Spring") == assessment()


def test_the_damaged_part_of_a_survey_is_its_damages_and_the_links_they_lie_on(
    store: Store,
) -> None:
    store.put_assessment("Spring", assessment())
    store.put_assessment("Winter", replace(assessment(), damages=()))
    whole, damaged = store.assessment("Spring"), store.damaged("Spring")
    assert damaged.damages == whole.damages
    on_east = [k for k, segment in enumerate(whole.segments) if segment.link_id == "east"]
    assert 0 < len(on_east) < len(whole.segments)
    assert damaged.segments == tuple(whole.segments[k] for k in on_east)
    assert damaged.results == tuple(whole.results[k] for k in on_east)
    assert store.damaged("Winter") == Assessment((), (), ())


def test_a_survey_comes_back_with_its_drives_in_order(store: Store) -> None:
    store.put_survey(survey(2, 1))
    assert store.survey("Spring") == survey(1, 2)


@pytest.mark.parametrize("ask", ["survey", "network"])
def test_what_was_never_put_is_a_key_error(store: Store, ask: str) -> None:
    with pytest.raises(KeyError, match="Autumn"):
        getattr(store, ask)("Autumn")


def test_a_survey_without_drives_has_nothing(store: Store) -> None:
    store.put_chunk(chunk(0, observations=(observation(),), grids=(grid(),)), SETTINGS)
    store.put_survey(replace(survey(), drives=()))
    assert store.drives("Spring") == ()
    assert list(store.lane_passes("Spring")) == []
    assert store.counts("Spring").frames.planned == 0


# putting


PUTS: dict[str, Put] = {
    "network": lambda store: store.put_network(TOWN),
    "drive": lambda store: store.put_drive(drive()),
    "chunk": lambda store: store.put_chunk(
        chunk(0, 1, (observation(),), (rejected(),), (grid(),), (grid("bend"),)), SETTINGS
    ),
    "survey": lambda store: store.put_survey(survey(1, 2)),
    "assessment": lambda store: store.put_assessment("Spring", assessment()),
}


@pytest.mark.parametrize("what", PUTS)
def test_putting_twice_changes_nothing(store: Store, what: str) -> None:
    for put in PUTS.values():
        put(store)
    before = dump(store)
    PUTS[what](store)
    assert dump(store) == before


def test_a_drive_that_joins_leaves_the_others_and_the_scheme_and_asks_for_scores(
    store: Store,
) -> None:
    store.join_survey(survey(1))
    store.use_scheme("Spring", "another")
    store.join_survey(replace(survey(2), model_name="newer"))
    store.join_survey(replace(survey(2, settings="0f" * 32), model_name="newer"))
    joined = store.survey("Spring")
    assert joined.drives == (*survey(1).drives, *survey(2, settings="0f" * 32).drives)
    assert (joined.scheme_text, joined.model_name) == ("another", "newer")
    (outstanding,) = Scorings(store.engine, lambda: 1.0).outstanding()
    assert (outstanding.survey, outstanding.requested, outstanding.done) == ("Spring", 4, 0)


def test_a_chunk_is_replaced_whole(store: Store) -> None:
    first = chunk(
        0,
        observations=(observation(), observation(T_S + 1)),
        rejections=(rejected(), rejected(T_S, Rejection.ABOVE_HORIZON)),
        grids=(grid(), grid("bend")),
        unusable=(grid("setts"),),
    )
    store.put_survey(survey())
    store.put_chunk(first, SETTINGS)
    store.put_chunk(chunk(0, rejections=(rejected(),), grids=(grid(views=7),)), SETTINGS)
    assert store.sightings("Spring", *EAST) == ()
    ((one,),) = store.lane_passes("Spring")
    lane = one.grid
    assert (lane.link_id, int(lane.views.max())) == ("east", 7)
    assert store.seen_on("Spring", ["setts"]) == {}
    counts = store.counts("Spring")
    assert (counts.detections, counts.observed) == (1, 0)
    assert counts.rejections == {Rejection.TOO_FAR: 1}


def test_a_chunk_of_other_settings_is_another_chunk(store: Store) -> None:
    store.put_chunk(chunk(0, grids=(grid(views=3),)), SETTINGS)
    store.put_chunk(chunk(0, grids=(grid(views=5),)), "0f" * 32)
    assert store.done_chunks("drive-1", SETTINGS) == {0}
    store.put_survey(survey(1, settings="0f" * 32))
    ((one,),) = store.lane_passes("Spring")
    assert int(one.grid.views.max()) == 5


def test_done_chunks_are_those_of_this_drive_under_these_settings(store: Store) -> None:
    for number in (0, 2, 11):
        store.put_chunk(chunk(number), SETTINGS)
    store.put_chunk(chunk(5, 2), SETTINGS)
    assert store.done_chunks("drive-1", SETTINGS) == {0, 2, 11}
    assert store.done_chunks("drive-1", "0f" * 32) == frozenset()


def test_a_survey_put_again_lets_go_of_its_earlier_drives(store: Store) -> None:
    for number in (1, 2):
        store.put_drive(drive(number))
    store.put_survey(survey(1, 2))
    store.put_survey(survey(2))
    assert [one.drive_id for one in store.drives("Spring")] == ["drive-2"]


def test_results_put_again_take_the_place_of_the_earlier_ones(store: Store) -> None:
    store.put_assessment("Autumn", assessment())
    store.put_assessment("Spring", assessment())
    store.put_assessment("Spring", replace(assessment(), damages=()))
    assert store.assessment("Spring").damages == ()
    assert store.assessment("Autumn").damages == (damage(),)


def test_results_of_another_length_than_their_segments_are_not_put(store: Store) -> None:
    store.put_assessment("Spring", assessment())
    with pytest.raises(ValueError, match="zip"):
        store.put_assessment("Spring", replace(assessment(), results=()))
    assert store.assessment("Spring") == assessment()


# adding up


def test_counts_are_the_sums_over_all_chunks_of_the_surveys_drives(store: Store) -> None:
    refused = (rejected(), rejected(T_S, Rejection.OUTSIDE_LANE), rejected())
    store.put_chunk(chunk(0, 1, (observation(),), refused), SETTINGS)
    store.put_chunk(chunk(1, 1, rejections=(rejected(),)), SETTINGS)
    store.put_chunk(chunk(0, 2, (observation(),)), SETTINGS)
    store.put_chunk(chunk(0, 3, (observation(),)), SETTINGS)
    store.put_survey(survey(1, 2))
    counts = store.counts("Spring")
    assert (counts.frames.planned, counts.frames.decoded, counts.frames.usable) == (60, 57, 51)
    assert counts.frames.rejected == {FrameRejection.TOO_DARK: 6, FrameRejection.NOT_DECODED: 3}
    assert (counts.detections, counts.observed) == (6, 2)
    assert counts.rejections == {Rejection.TOO_FAR: 3, Rejection.OUTSIDE_LANE: 1}
    assert counts.detections == counts.observed + sum(counts.rejections.values())


def test_lanes_come_in_the_order_of_link_and_direction_each_once(store: Store) -> None:
    there, back = Direction.FORWARD, Direction.BACKWARD
    store.put_chunk(chunk(0, grids=(grid("setts"), grid("east", back))), SETTINGS)
    store.put_chunk(chunk(1, grids=(grid("east", there), grid("bend", there))), SETTINGS)
    store.put_chunk(chunk(0, 2, grids=(grid("east", there),)), SETTINGS)
    store.put_survey(survey(1, 2))
    passes = list(store.lane_passes("Spring"))
    assert [own[0].grid.lane for own in passes] == [
        ("bend", there),
        ("east", back),
        ("east", there),
        ("setts", there),
    ]
    assert [[one.drive_id for one in own] for own in passes][2] == ["drive-1", "drive-2"]


def test_views_of_unusable_frames_are_kept_apart(store: Store) -> None:
    store.put_chunk(chunk(0, grids=(grid(views=2),), unusable=(grid(views=9),)), SETTINGS)
    store.put_survey(survey())
    seen = store.seen_on("Spring", ["east", "bend"])[EAST]
    (usable,), unusable = [one.grid for one in seen.passes], seen.unusable
    assert unusable is not None
    assert (int(usable.views.max()), int(unusable.views.max())) == (2, 9)


@st.composite
def some_chunks(draw: st.DrawFn) -> tuple[ChunkResult, ...]:
    """Chunks of two drives, each with some grids of one lane."""
    cells = st.lists(st.tuples(st.integers(0, 39), st.integers(0, 2)), min_size=1, max_size=3)
    hits = st.dictionaries(st.sampled_from(["D00", "D10", "D40"]), cells, max_size=2)
    lanes = st.builds(
        grid,
        views=st.integers(1, 4),
        hits=hits,
        last_seen_s=st.floats(T_S, T_S + 1e5),
    )
    keys = st.tuples(st.integers(0, 3), st.integers(1, 2))
    made = draw(st.dictionaries(keys, lanes, min_size=1, max_size=6))
    return tuple(chunk(number, of, grids=(lane,)) for (number, of), lane in made.items())


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(some_chunks(), st.randoms(use_true_random=False))
def test_neither_cuts_nor_order_change_what_a_lane_saw(
    tmp_path_factory: pytest.TempPathFactory, chunks: tuple[ChunkResult, ...], shuffle: object
) -> None:
    shuffled = list(chunks)
    shuffle.shuffle(shuffled)  # type: ignore[attr-defined]
    for order in (chunks, shuffled):
        with open_on("sqlite", tmp_path_factory.mktemp("store")) as store:
            for one in order:
                store.put_chunk(one, SETTINGS)
            store.put_survey(survey(1, 2))
            (passes,) = store.lane_passes("Spring")
        by_drive: dict[str, list[LaneGrid]] = {}
        for one in chunks:
            by_drive.setdefault(one.drive_id, []).append(one.grids[0])
        assert [one.drive_id for one in passes] == sorted(by_drive)
        assert all(same_grid(one.grid, _sum(by_drive[one.drive_id])) for one in passes)


def _sum(lanes: list[LaneGrid]) -> LaneGrid:
    """Add up by hand."""
    kinds = sorted({kind for lane in lanes for kind in lane.hits})
    none = np.zeros_like(lanes[0].views)
    return LaneGrid(
        *EAST,
        np.sum([lane.views for lane in lanes], axis=0),
        {k: np.sum([lane.hits.get(k, none) for lane in lanes], axis=0) for k in kinds},
        np.max([lane.last_seen_s for lane in lanes], axis=0),
        np.min([lane.accuracy_m for lane in lanes], axis=0),
    )
