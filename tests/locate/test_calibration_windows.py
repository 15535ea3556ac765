from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from roadscan.locate.calibration_windows import WINDOW_S, calibration_windows
from tests.locate.drives import STARTED_S
from tests.locate.roads import along, raw_drive


@given(st.floats(5.0, 4000.0), st.floats(20.0, 200.0))
def test_windows_lie_in_the_video_apart_and_keep_to_the_budget(
    playable_s: float, budget_s: float
) -> None:
    windows = calibration_windows(None, 0.0, playable_s, budget_s)
    assert windows[0][0] >= 0.0
    assert windows[-1][1] <= playable_s + 1e-6
    assert all(before[1] < after[0] for before, after in pairwise(windows))
    assert sum(end - start for start, end in windows) <= budget_s + WINDOW_S + 1e-6


def test_bends_with_straight_road_at_either_end_and_both_ends_of_the_drive_are_looked_at() -> None:
    road = [(0.0, 0.0), (4000.0, 0.0), (4000.0, 400.0), (9000.0, 400.0)]
    path = raw_drive(along(road, 10.0)[0])
    length_s = float(path.t_s[-1] - STARTED_S)
    windows = np.array(calibration_windows(path, STARTED_S, length_s, 90.0))
    bends_s = np.array([400.0, 440.0])
    inside = (windows[:, :1] + 3.0 < bends_s) & (bends_s < windows[:, 1:] - 3.0)
    assert inside.any(axis=0).all()
    assert windows[0, 0] < length_s / 4
    assert windows[-1, 1] > length_s * 3 / 4


def test_no_window_is_spent_on_a_halt() -> None:
    halt = np.zeros((600, 2))
    road = along([(0.0, 0.0), (3000.0, 0.0)], 10.0)[0]
    path = raw_drive(np.vstack([halt, road, np.repeat(road[-1:], 600, axis=0)]))
    windows = calibration_windows(path, STARTED_S, float(path.t_s[-1] - STARTED_S), 60.0)
    assert windows
    assert all(start > 590.0 and end < 910.0 for start, end in windows)
