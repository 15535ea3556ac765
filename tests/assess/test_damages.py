from collections.abc import Sequence
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadscan.assess.cells import GridBuilder, affected_cells
from roadscan.assess.damages import find_damages
from roadscan.assess.scheme import Scheme
from roadscan.assess.segmentation import segments_of
from roadscan.model.damage import Damage, Observation
from roadscan.model.road import Direction
from tests.assess.lanes import AP9K, LANE_M, box, link, network, one_pass, views

ROADS = network(link("L", 50.0))
SEGMENTS = [s for s in segments_of(ROADS, AP9K) if s.direction is Direction.FORWARD]


def damages_of(
    observations: Sequence[Observation], frames: int = 1, scheme: Scheme = AP9K
) -> tuple[Damage, ...]:
    """Damages of a lane that frames at 0, 1, 2 ... s saw as a whole."""
    builder = GridBuilder(ROADS, scheme)
    for t_s in range(frames):
        builder.add_frame(
            (views(t_s, 0, 50),), tuple(o for o in observations if o.frame_t_s == t_s)
        )
    (grid,) = builder.grids()
    return find_damages(one_pass(grid, observations, scheme), SEGMENTS, LANE_M, scheme)


def test_no_hit_means_no_damage() -> None:
    assert damages_of(()) == ()


def test_a_box_becomes_a_damage_with_its_extents() -> None:
    (damage,) = damages_of((box(0, (21.3, 22.6), (0.6, 1.3), confidence=0.8),))
    assert (damage.kind, damage.label) == ("D40", "Pothole")
    assert (damage.link_id, damage.segment_id) == ("L", "L:f:20")
    assert (damage.from_offset_m, damage.to_offset_m) == (21.3, 22.6)
    assert (damage.left_min_m, damage.left_max_m) == (0.6, 1.3)
    assert damage.area_m2 == pytest.approx(1.3 * 0.7)
    assert damage.cells == ((21, 0), (22, 0))
    assert (damage.confidence, damage.n_observations) == (0.8, 1)


def test_several_frames_of_one_place_are_one_damage_with_their_median_extent() -> None:
    (damage,) = damages_of(
        (
            box(0, (21.2, 21.8), confidence=0.2),
            box(1, (21.3, 21.9), confidence=0.6),
            box(2, (21.3, 21.85), confidence=0.7),
        ),
        frames=3,
    )
    assert (damage.from_offset_m, damage.to_offset_m) == (21.3, 21.85)
    assert (damage.n_observations, damage.confidence) == (3, 0.5)
    assert (damage.first_seen_s, damage.last_seen_s) == (0.0, 2.0)


def test_a_false_alarm_of_one_frame_in_three_is_no_damage() -> None:
    assert damages_of((box(1, (21.3, 21.9)),), frames=3) == ()


def test_boxes_of_one_frame_count_as_one_observation_with_the_best_confidence() -> None:
    (damage,) = damages_of(
        (box(0, (21.1, 21.5), confidence=0.3), box(0, (21.5, 21.9), confidence=0.9))
    )
    assert (damage.n_observations, damage.confidence) == (1, 0.9)


def test_a_long_crack_seen_in_parts_has_its_whole_length() -> None:
    (damage,) = damages_of(
        (
            box(0, (10.0, 16.0), (-0.1, 0.1), "D00"),
            box(1, (13.0, 19.0), (-0.1, 0.1), "D00"),
        ),
        frames=2,
    )
    assert (damage.from_offset_m, damage.to_offset_m) == (10.0, 19.0)
    assert damage.area_m2 == pytest.approx(9.0 * 0.2)


def test_cells_that_touch_at_a_corner_are_one_damage() -> None:
    (damage,) = damages_of((box(0, (21.1, 21.9), (0.6, 1.4)), box(0, (22.1, 22.9), (-0.4, 0.4))))
    assert damage.cells == ((21, 0), (22, 1))


def test_a_row_between_them_keeps_two_damages_apart() -> None:
    found = damages_of((box(0, (21.1, 21.9)), box(0, (23.1, 23.9))))
    assert [d.cells for d in found] == [((21, 1),), ((23, 1),)]
    assert len({d.damage_id for d in found}) == 2


def test_kinds_never_join() -> None:
    found = damages_of((box(0, (21.1, 21.9)), box(0, (21.1, 21.9), kind="D20")))
    assert [d.kind for d in found] == ["D20", "D40"]
    assert len({d.damage_id for d in found}) == 2


def test_a_damage_belongs_to_the_segment_of_its_middle() -> None:
    (damage,) = damages_of((box(0, (18.0, 27.0), kind="D20"),))
    assert damage.segment_id == "L:f:20"


def test_a_damage_ends_with_its_link() -> None:
    roads = network(link("L", 20.4))
    builder = GridBuilder(roads, AP9K)
    pothole = box(0, (19.5, 20.9))
    builder.add_frame((views(0, 0, 21),), (pothole,))
    segments = [s for s in segments_of(roads, AP9K) if s.direction is Direction.FORWARD]
    (damage,) = find_damages(one_pass(builder.grids()[0], (pothole,)), segments, LANE_M, AP9K)
    assert (damage.to_offset_m, damage.segment_id) == (20.4, "L:f:0")


def test_the_best_picture_is_sure_and_near() -> None:
    far, near, unsure = (
        box(0, (21.1, 21.9), confidence=0.9, pixels=10),
        box(1, (21.1, 21.9), confidence=0.8, pixels=60),
        box(2, (21.1, 21.9), confidence=0.1, pixels=70),
    )
    (damage,) = damages_of((far, near, unsure), frames=3)
    assert damage.best == near


def test_an_id_tells_the_place_and_not_the_frames() -> None:
    (once,) = damages_of((box(0, (21.1, 21.9), confidence=0.4),))
    (again,) = damages_of((box(3, (21.2, 21.8), confidence=0.9), box(4, (21.2, 21.8))), frames=5)
    assert once.damage_id == again.damage_id
    (elsewhere,) = damages_of((box(0, (31.1, 31.9)),))
    assert once.damage_id != elsewhere.damage_id


def test_a_kind_taken_out_of_the_scheme_is_passed_over() -> None:
    builder = GridBuilder(ROADS, AP9K)
    found = (box(0, (21.1, 21.9)), box(0, (31.1, 31.9), kind="D20"))
    builder.add_frame((views(0, 0, 50),), found)
    fewer = replace(AP9K, kinds={k: rule for k, rule in AP9K.kinds.items() if k != "D40"})
    damages = find_damages(one_pass(builder.grids()[0], found), SEGMENTS, LANE_M, fewer)
    assert [d.kind for d in damages] == ["D20"]


BOXES = st.lists(
    st.builds(
        lambda t, start, length, left, width, kind, confidence: box(
            t, (start, min(50.0, start + length)), (left, left + width), kind, confidence
        ),
        st.integers(0, 3),
        st.floats(0, 50),
        st.floats(0, 12),
        st.floats(-1.4, 1.3),
        st.floats(0, 2),
        st.sampled_from(sorted(AP9K.kinds)),
        st.floats(0.05, 1),
    ),
    max_size=12,
)


@given(BOXES)
def test_every_affected_cell_is_in_one_damage_of_its_kind(boxes: list[Observation]) -> None:
    builder = GridBuilder(ROADS, AP9K)
    for t_s in range(4):
        builder.add_frame((views(t_s, 0, 50),), tuple(o for o in boxes if o.frame_t_s == t_s))
    (grid,) = builder.grids()
    damages = find_damages(one_pass(grid, boxes), SEGMENTS, LANE_M, AP9K)
    for kind in AP9K.kinds:
        affected = affected_cells(grid, kind, AP9K.hit_share)
        cells = [cell for d in damages if d.kind == kind for cell in d.cells]
        expected = [(int(r), int(s)) for r, s in zip(*affected.nonzero(), strict=True)]
        assert sorted(cells) == expected
    assert len({d.damage_id for d in damages}) == len(damages)


@given(BOXES, st.randoms())
def test_the_order_of_observations_changes_nothing(
    boxes: list[Observation], random: Random
) -> None:
    assert damages_of(boxes, 4) == damages_of(random.sample(boxes, len(boxes)), 4)


@given(BOXES)
def test_a_damage_lies_within_its_cells_and_its_link(boxes: list[Observation]) -> None:
    for damage in damages_of(boxes, 4):
        rows = [row for row, _ in damage.cells]
        assert min(rows) <= damage.from_offset_m < damage.to_offset_m <= max(rows) + 1 <= 50
        assert -LANE_M / 2 <= damage.left_min_m < damage.left_max_m <= LANE_M / 2
        assert damage.area_m2 > 0
        assert 0 < damage.confidence <= 1
        assert damage.first_seen_s <= damage.best.frame_t_s <= damage.last_seen_s
