"""Hit rates by cells of the lane: what counts as found, and what is written into model.toml."""

import tomllib

import numpy as np

from roadscan.assess.scheme import parse_scheme
from roadscan.model.frame import Boxes
from roadscan.read.scheme_file import read_scheme_text
from training.hit_rates import Counted, counted, rates_of, toml_table, written
from training.road_cells import CAMERAS, cells_of_picture, seen_cells

AP9K = parse_scheme(read_scheme_text("ap9k"))
SIZE = 896, 672
NONE = Boxes(np.zeros((0, 4)), np.zeros(0), ())
NOTHING_UNSURE = np.zeros((0, 4))


def boxes(kind: str, *xyxy: tuple[float, float, float, float]) -> Boxes:
    return Boxes(np.array(xyxy, float), np.ones(len(xyxy)), (kind,) * len(xyxy))


def picture(source: str, scene: str, damaged: int, found: int, wrong: int = 0) -> Counted:
    return Counted(source, scene, damaged, found, 400, wrong, 0, damaged, found)


def test_a_box_is_found_where_another_of_its_kind_lies_on_its_cells() -> None:
    true = boxes("D40", (400.0, 480.0, 480.0, 520.0))
    for found, hit in ((true, True), (NONE, False), (boxes("D00", tuple(true.xyxy[0])), False)):
        cells = cells_of_picture(
            true, found, NOTHING_UNSURE, {"D40"}, SIZE, CAMERAS["berlin"], AP9K
        )
        assert cells is not None
        one = counted(cells, "berlin", "a")
        assert one.damaged > 0
        assert (one.found == one.damaged) is hit
        assert (one.found == 0) is not hit


def test_nothing_is_claimed_where_the_drawers_were_unsure() -> None:
    shown = seen_cells(CAMERAS["berlin"], SIZE, AP9K)
    assert shown is not None
    unsure = np.array([[300.0, 450.0, 600.0, 560.0]])
    cells = cells_of_picture(NONE, NONE, unsure, {"D40"}, SIZE, CAMERAS["berlin"], AP9K)
    assert cells is not None
    assert 0 < cells.seen.sum() < shown.sum()


def test_a_picture_that_looks_down_is_cut_into_cells_of_its_own() -> None:
    true = boxes("D00", (10.0, 0.0, 100.0, 448.0))
    cells = cells_of_picture(true, true, NOTHING_UNSURE, {"D00"}, (448, 448), None, AP9K)
    assert cells is not None
    assert cells.truth.tolist() == [[True, False, False]] * 3


def test_sources_count_alike_however_large() -> None:
    large = [picture("large", str(k), 100, 80) for k in range(9)]
    small = [picture("small", str(k), 10, 2) for k in range(3)]
    rate = rates_of([*large, *small])
    assert rate is not None
    assert rate.found == 0.5
    assert rate.found_low <= rate.found <= rate.found_high


def test_a_source_with_few_cells_decides_nothing() -> None:
    assert rates_of([picture("a", "s", 19, 19)]) is None


def test_nothing_found_is_not_surely_nothing() -> None:
    rate = rates_of([picture("a", str(k), 10, 0) for k in range(5)])
    assert rate is not None
    assert rate.found == 0.0
    assert 0.4 < rate.found_high < 0.5


def test_pictures_of_which_all_or_nothing_is_found_are_alike() -> None:
    rate = rates_of([picture("a", str(k), 10, 10 * (k % 2)) for k in range(40)])
    assert rate is not None
    assert rate.alike > 0.9


def test_the_table_takes_the_place_of_an_earlier_one() -> None:
    rate = rates_of([picture("a", str(k), 10, 5) for k in range(5)])
    assert rate is not None
    text = 'name = "x"\n\n[sha256]\n"a" = "b"\n'
    once = written(text, toml_table({"D00+D10": rate}, "pictures"))
    assert written(once, toml_table({"D00+D10": rate}, "pictures")) == once
    read = tomllib.loads(once)
    assert read["hit_rates"]["D00+D10"]["found"] == 0.5
    assert read["sha256"] == {"a": "b"}
