from collections.abc import Sequence

import numpy as np
import pytest

from roadscan.detect.model_folder import list_models
from roadscan.detect.people import (
    TRAFFIC_CONFIDENCE,
    ModelHangsError,
    PeopleDetectionError,
    PeopleFinder,
    confident_boxes,
    load_people_finder,
)
from roadscan.errors import RoadscanError
from roadscan.model.frame import Boxes, Frame, Rows
from roadscan.model.stored_picture import PictureRefusal
from tests.detect.people import Finds, NeverAnswers, Raises, boxes_at


class FindsTheBrightest(Finds):
    """Finds what is white."""

    def detect(self, frames: Sequence[Frame], rows: Rows | None = None) -> list[Boxes]:
        found = []
        for frame in frames:
            v, u = np.nonzero(frame.image[..., 0])
            found.append(boxes_at([u.min(), v.min(), u.max() + 1, v.max() + 1]))
        return found


FRAME = Frame(0.0, np.zeros((120, 160, 3), np.uint8))
ROWS = Rows(40, 120)


def test_the_quick_look_takes_the_rows_of_the_road_the_careful_one_what_it_is_asked_for() -> None:
    quick, careful = Finds([1.0, 50.0, 20.0, 90.0]), Finds([1.0, 5.0, 20.0, 90.0])
    finder = PeopleFinder(quick, careful)
    assert finder.traffic(FRAME, ROWS).xyxy.tolist() == [[1.0, 50.0, 20.0, 90.0]]
    assert finder.find_for_redaction(FRAME, ROWS).xyxy.tolist() == [[1.0, 5.0, 20.0, 90.0]]
    assert quick.asked_for == [ROWS]
    assert careful.asked_for == [ROWS]


def test_a_frame_shown_as_a_whole_is_looked_at_mirrored_as_well() -> None:
    finder = PeopleFinder(Finds(), FindsTheBrightest())
    image = np.zeros((120, 160, 3), np.uint8)
    image[30:40, 10:30] = 255
    found = finder.find_for_redaction(Frame(0.0, image), None)
    assert found.xyxy.tolist() == [[10.0, 30.0, 30.0, 40.0]] * 2
    assert len(found.confidence) == len(found.kind) == 2


def test_on_the_road_only_what_is_likely_enough_is_painted_over() -> None:
    finder = PeopleFinder(Finds(), Finds([1.0, 5.0, 20.0, 90.0], confidence=0.04))
    assert not len(finder.find_for_redaction(FRAME, ROWS).xyxy)
    assert len(finder.find_for_redaction(FRAME, None).xyxy) == 2


def test_a_failure_is_told_with_its_cause() -> None:
    finder = PeopleFinder(Raises(), Finds())
    with pytest.raises(PeopleDetectionError, match="out of memory") as raised:
        finder.traffic(FRAME, ROWS)
    assert raised.value.why is PictureRefusal.NETWORK_FAILED


def test_a_network_that_hangs_ends_the_run_and_is_not_asked_again_by_either_look() -> None:
    hanging = NeverAnswers()
    finder = PeopleFinder(hanging, Finds(), limit_s=0.05)
    with pytest.raises(PeopleDetectionError) as raised:
        finder.traffic(FRAME, ROWS)
    assert raised.value.why is PictureRefusal.NETWORK_TIMEOUT
    for look in (
        lambda: finder.traffic(FRAME, ROWS),
        lambda: finder.find_for_redaction(FRAME, None),
    ):
        with pytest.raises(ModelHangsError):
            look()
    assert hanging.asked == 1
    hanging.let_go()


def test_a_look_that_was_late_spoils_no_other() -> None:
    slow = NeverAnswers()
    finder = PeopleFinder(slow, Finds(), limit_s=0.05)
    with pytest.raises(PeopleDetectionError):
        finder.traffic(FRAME, ROWS)
    slow.let_go()
    finder._late.join()
    assert not len(finder.traffic(FRAME, ROWS).xyxy)
    assert slow.asked == 2


def test_only_what_is_sure_hides_the_road() -> None:
    sure, unsure = TRAFFIC_CONFIDENCE, TRAFFIC_CONFIDENCE - 0.01
    boxes = Boxes(np.arange(8.0).reshape(2, 4), np.array([sure, unsure]), ("person", "vehicle"))
    assert confident_boxes(boxes).tolist() == [[0.0, 1.0, 2.0, 3.0]]


def test_the_network_that_ships_knows_persons_riders_and_vehicles() -> None:
    (settings,) = [model for model in list_models() if model.task == "privacy" and model.default]
    assert settings.classes == ("person", "rider", "vehicle")
    finder = load_people_finder()
    assert finder.name.startswith(f"{settings.name}-{settings.version}/")


def test_a_network_for_damage_cannot_look_for_people() -> None:
    with pytest.raises(RoadscanError, match="model_invalid"):
        load_people_finder("rdd-v5nu")
