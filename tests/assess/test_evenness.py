import pytest

from roadscan.assess.evenness import EvennessMeasures, evenness_value
from roadscan.model.road import RoadClass
from tests.assess.lanes import AP9K

A, B = RoadClass.A, RoadClass.B


@pytest.mark.parametrize(
    ("road_class", "sm4l_m", "sm4l_a", "mspt", "msph", "twgeb"),
    [
        pytest.param(A, 4, 1, 4, 0.1, 1.50, id="G1"),
        pytest.param(A, 8, 1.5, 9, 2, 2.45, id="G2"),
        pytest.param(A, 12, 2.5, 15, 4, 3.50, id="G3"),
        pytest.param(A, 12.4, 1, 4, 0.1, 3.60, id="G4 break-through"),
        pytest.param(A, 0, 0, 0, 7, 2.00, id="G5 water never breaks through"),
        pytest.param(B, 16, 3.5, 15, 4, 3.50, id="G6"),
        pytest.param(B, 20.5, 1, 4, 1, 4.00, id="G7 break-through"),
        pytest.param(B, 10, 2, 20, 3, 4.00, id="G8 break-through"),
        pytest.param(A, 18, 4, 30, 7, 5.00, id="G9 break-through"),
    ],
)
def test_measured_evenness_meets_its_vectors(
    road_class: RoadClass, sm4l_m: float, sm4l_a: float, mspt: float, msph: float, twgeb: float
) -> None:
    assert evenness_value(EvennessMeasures(sm4l_m, sm4l_a, mspt, msph), road_class, AP9K) == twgeb


def test_footways_have_no_evenness_value() -> None:
    assert evenness_value(EvennessMeasures(4, 1, 4, 0.1), RoadClass.N, AP9K) is None
