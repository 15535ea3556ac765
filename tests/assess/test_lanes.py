from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadscan.assess.lanes import assess_segment
from roadscan.assess.scheme import Scheme
from roadscan.model.damage import LaneGrid
from roadscan.model.road import Direction, Link, RoadClass, Segment, Surface
from roadscan.model.score import Indicators, SegmentResult
from tests.assess.lanes import ALL_KINDS, AP9K, MONOTONE, grid_of, link, one_pass

SEGMENT = Segment("L:f:0", "L", Direction.FORWARD, 0.0, 20.0)
UNKNOWN = Indicators(None, None, None)


def assess(
    grid: LaneGrid | None,
    unusable: LaneGrid | None = None,
    road: Link | None = None,
    kinds: frozenset[str] = ALL_KINDS,
    scheme: Scheme = AP9K,
) -> SegmentResult:
    lane = None if grid is None else one_pass(grid, scheme=scheme)
    return assess_segment(SEGMENT, road or link(), lane, unusable, kinds, scheme, 0)


def seen_rows(*rows: range) -> LaneGrid:
    """Lane seen once in these rows, nothing found."""
    grid = grid_of({})
    unseen = np.ones(20, np.bool_)
    for some in rows:
        unseen[some.start : some.stop] = False
    grid.views[unseen] = 0
    grid.last_seen_s[unseen] = np.nan
    return grid


def test_a_lane_seen_whole_and_sound_is_best() -> None:
    result = assess(grid_of({}, views=3))
    assert result.score.indicators == Indicators(0.0, 0.0, 0.0)
    assert (result.score.score, result.score.condition_class) == (1.0, 1)
    assert (result.coverage, result.cells, result.views_mean) == (1.0, 60, 3.0)
    assert result.confidence == 0.875
    assert result.assessed_at_s == 100.0


def test_indicators_are_shares_of_the_assessed_cells() -> None:
    grid = grid_of({"D00": [(r, 1) for r in range(8)], "D40": [(3, 0)], "Repair": [(4, 2), (5, 2)]})
    assert assess(grid).score.indicators == Indicators(13.33, 3.33, 1.67)


def test_cells_not_seen_are_left_out_of_both_numbers() -> None:
    grid = seen_rows(range(15))
    grid.hits["D40"] = np.zeros((20, 3), np.int64)
    grid.hits["D40"][3, 1] = 1
    result = assess(grid)
    assert result.coverage == 0.75
    assert result.score.indicators.ofs_pct == 2.22  # 1 of 45, not of 60


def test_a_cell_counts_once_per_indicator() -> None:
    cells = [(3, 1), (4, 1)]
    grid = grid_of({"D00": cells, "D10": cells, "D20": cells, "D40": cells})
    assert assess(grid).score.indicators == Indicators(3.33, 0.0, 3.33)


@pytest.mark.parametrize(("cells", "score"), [(9, 2.40), (10, 3.67)])
def test_one_cell_more_can_change_a_class(cells: int, score: float) -> None:
    assert assess(grid_of({"D20": [(row, 1) for row in range(cells)]})).score.score == score


def test_only_rows_of_the_segment_count() -> None:
    second = Segment("L:f:20", "L", Direction.FORWARD, 20.0, 40.0)
    grid = grid_of({"D40": [(19, 1), (20, 1), (39, 1)]}, rows=40)
    result = assess_segment(second, link(length_m=40.0), one_pass(grid), None, ALL_KINDS, AP9K, 5)
    assert result.score.indicators.ofs_pct == 3.33
    assert result.n_damages == 5


def test_a_model_without_patches_leaves_afli_unknown() -> None:
    result = assess(grid_of({"D00": [(3, 1)]}), kinds=frozenset({"D00", "D10", "D20", "D40"}))
    assert result.score.indicators == Indicators(1.67, None, 0.0)
    assert (result.score.zw_afli, result.score.twsub_basis) == (None, "riss+ofs")
    assert result.score.score is not None


def test_a_model_without_potholes_leaves_ofs_unknown() -> None:
    result = assess(grid_of({}), kinds=frozenset({"D00", "Repair"}))
    assert result.score.indicators.ofs_pct is None
    assert result.score.twsub_basis == "riss+afli"


def test_a_model_without_cracks_gives_no_score() -> None:
    result = assess(grid_of({}), kinds=frozenset({"D40", "car"}))
    assert result.score.indicators == Indicators(None, None, 0.0)
    assert (result.score.score, result.score.reason) == (None, "riss_missing")


@pytest.mark.parametrize("surface", [Surface.ASPHALT, Surface.PAVING])
def test_a_lane_never_seen_was_not_driven(surface: Surface) -> None:
    result = assess(None, road=link(surface=surface))
    assert result.score.indicators == UNKNOWN
    assert (result.score.score, result.score.reason) == (None, "not_driven")
    assert (result.coverage, result.confidence, result.assessed_at_s) == (0.0, 0.0, None)


def test_a_segment_before_the_part_that_was_driven_was_not_driven() -> None:
    grid = seen_rows(range(20))
    grid.views[:] = 0
    assert assess(grid).score.reason == "not_driven"


@pytest.mark.parametrize("surface", [Surface.PAVING, Surface.OTHER])
def test_other_surfaces_than_asphalt_are_not_judged_by_a_model_for_asphalt(
    surface: Surface,
) -> None:
    result = assess(grid_of({"D40": [(3, 1)]}), road=link(surface=surface))
    assert result.score.indicators == UNKNOWN
    assert (result.score.score, result.score.reason) == (None, "surface_not_supported")
    assert result.coverage == 1.0


@pytest.mark.parametrize(("rows", "reason"), [(11, "coverage_too_low"), (12, "")])
def test_a_score_needs_enough_of_the_segment(rows: int, reason: str) -> None:
    result = assess(seen_rows(range(rows)))
    assert result.score.reason == reason
    assert (result.score.score is None) == (reason != "")


@pytest.mark.parametrize(("accuracy_m", "reason"), [(20.0, ""), (20.1, "place_unknown")])
def test_a_score_needs_a_place_known_to_a_segment(accuracy_m: float, reason: str) -> None:
    result = assess(replace(grid_of({}), accuracy_m=np.full(20, accuracy_m)))
    assert (result.score.reason, result.accuracy_m) == (reason, accuracy_m)
    assert (result.score.condition_class is None) == (reason != "")


def test_rejected_frames_are_the_reason_where_they_would_have_been_enough() -> None:
    assert assess(None, seen_rows(range(20))).score.reason == "frames_unusable"
    assert assess(seen_rows(range(6)), seen_rows(range(6, 12))).score.reason == "frames_unusable"


def test_rejected_frames_of_cells_seen_anyway_are_no_reason() -> None:
    both = seen_rows(range(8))
    assert assess(both, both).score.reason == "coverage_too_low"
    assert assess(None, seen_rows(range(5))).score.reason == "coverage_too_low"


def test_a_lost_cell_counts_once_for_its_commonest_reason() -> None:
    unusable = seen_rows(range(20))
    often, once = np.zeros((20, 3), np.int64), np.zeros((20, 3), np.int64)
    often[4:10], once[8:20] = 2, 1
    unusable.hits.update({"frame_blurred": often, "frame_too_dark": once})
    result = assess(seen_rows(range(4)), unusable)
    assert result.lost == {"frame_blurred": 0.3, "frame_too_dark": 0.5}
    assert result.coverage + sum(result.lost.values()) == pytest.approx(1.0)


def test_cells_that_a_good_frame_saw_are_not_lost() -> None:
    unusable = seen_rows(range(20))
    unusable.hits["frame_blurred"] = unusable.views.copy()
    assert assess(grid_of({}), unusable).lost == {}
    assert assess(None, None).lost == {}


def test_lost_cells_whose_reason_was_not_kept_still_tell_that_frames_were_of_no_use() -> None:
    result = assess(None, seen_rows(range(20)))
    assert (result.lost, result.score.reason) == ({}, "frames_unusable")


def test_confidence_grows_with_views_and_coverage() -> None:
    once, often = assess(grid_of({})), assess(grid_of({}, views=4))
    part = assess(seen_rows(range(15)))
    assert part.confidence < once.confidence < often.confidence < 1.0


CELLS = st.sets(st.tuples(st.integers(0, 19), st.integers(0, 2)), max_size=60)
KINDS = st.sampled_from(sorted(AP9K.kinds))


@given(st.dictionaries(KINDS, CELLS), KINDS, CELLS, st.sampled_from(RoadClass))
def test_a_score_never_improves_when_damage_is_added_on_its_side_of_the_break_through(
    damage: dict[str, set[tuple[int, int]]],
    kind: str,
    more: set[tuple[int, int]],
    road_class: RoadClass,
) -> None:
    road = link(road_class=road_class)
    added = damage | {kind: damage.get(kind, set()) | more}
    before, after = (
        assess(grid_of({k: sorted(cells) for k, cells in hits.items()}), road=road).score
        for hits in (damage, added)
    )
    assert before.twsub is not None
    assert after.twsub is not None
    if before.break_through == after.break_through:
        assert before.twsub <= after.twsub


@given(st.dictionaries(KINDS, CELLS), KINDS, CELLS)
def test_with_the_monotone_variant_a_score_never_improves_at_all(
    damage: dict[str, set[tuple[int, int]]], kind: str, more: set[tuple[int, int]]
) -> None:
    added = damage | {kind: damage.get(kind, set()) | more}
    before, after = (
        assess(grid_of({k: sorted(c) for k, c in hits.items()}), scheme=MONOTONE).score.twsub
        for hits in (damage, added)
    )
    assert before is not None
    assert after is not None
    assert before <= after


@given(st.sets(st.integers(0, 19)))
def test_what_was_not_viewed_is_never_sound(rows: set[int]) -> None:
    grid = seen_rows(*(range(row, row + 1) for row in rows))
    result = assess(grid)
    assert result.coverage == len(rows) / 20
    if len(rows) < 12:
        assert (result.score.score, result.score.condition_class) == (None, None)
        assert result.score.reason in {"not_driven", "coverage_too_low"}
    if not rows:
        assert result.score.indicators == UNKNOWN


def test_a_segment_without_score_still_says_how_much_was_seen() -> None:
    result = assess(replace(seen_rows(range(6)), hits={}))
    assert (result.coverage, result.views_mean, result.cells) == (0.3, 1.0, 60)
