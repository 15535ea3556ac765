import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_samples.render.damage import (
    KINDS,
    Crack,
    Shape,
    alligator,
    longitudinal,
    patch,
    pothole,
    touched_cells,
    transverse,
)

LANE_M, LENGTH_M = 3.6, 100.0


def line(*points: tuple[float, float], kind: str = "D00") -> Shape:
    xy = np.array(points)
    return Shape(kind, (Crack(xy, np.full(len(xy), 0.01)),))


def made(kind: str, seed: int) -> Shape:
    rng = np.random.default_rng(seed)
    makers = {
        "D00": lambda: longitudinal(rng, 40.0, 0.3, 6.0),
        "D10": lambda: transverse(rng, 40.5, -1.2, 1.2),
        "D20": lambda: alligator(rng, 40.0, 0.0, 3.0, 1.5),
        "D40": lambda: pothole(rng, 40.0, 0.4, 0.6),
        "Repair": lambda: patch(rng, 40.0, -0.3, 2.0, 1.2),
    }
    return makers[kind]()


def test_a_line_touches_the_rows_and_the_strip_it_runs_in() -> None:
    left_wheel = line((10.5, 1.2), (13.5, 1.2))
    assert touched_cells(left_wheel, LANE_M, LENGTH_M) == [(10, 0), (11, 0), (12, 0), (13, 0)]


def test_a_line_across_touches_all_strips_of_one_row() -> None:
    across = line((20.4, -1.7), (20.6, 1.7), kind="D10")
    assert touched_cells(across, LANE_M, LENGTH_M) == [(20, 0), (20, 1), (20, 2)]


def test_a_line_that_only_grazes_a_cell_does_not_touch_it() -> None:
    grazing = line((9.98, 1.2), (10.9, 1.2))
    assert touched_cells(grazing, LANE_M, LENGTH_M) == [(10, 0)]


def test_damage_beside_the_lane_or_past_the_link_has_no_cells() -> None:
    assert touched_cells(line((10, -2.0), (20, -2.0)), LANE_M, LENGTH_M) == []
    assert touched_cells(line((101, 0.0), (105, 0.0)), LANE_M, LENGTH_M) == []


def test_a_rectangle_touches_what_it_covers() -> None:
    outline = np.array([[30.2, 0.0], [32.8, 0.0], [32.8, 1.5], [30.2, 1.5]])
    cells = touched_cells(Shape("Repair", (), outline), LANE_M, LENGTH_M)
    assert cells == [(row, strip) for row in (30, 31, 32) for strip in (0, 1)]


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_drawn_damage_stays_near_its_place_and_touches_cells_there(kind: str, seed: int) -> None:
    shape = made(kind, seed)
    low, high = shape.points.min(axis=0), shape.points.max(axis=0)
    assert shape.kind == kind
    assert (low > [37, -2]).all()
    assert (high < [47, 2]).all()
    cells = touched_cells(shape, LANE_M, LENGTH_M)
    assert cells
    assert all(low[0] - 1 <= row <= high[0] and 0 <= strip < 3 for row, strip in cells)


@pytest.mark.parametrize("kind", KINDS)
def test_a_seed_draws_one_shape(kind: str) -> None:
    np.testing.assert_array_equal(made(kind, 3).points, made(kind, 3).points)
    assert made(kind, 3).points.tolist() != made(kind, 4).points.tolist()
