"""A survey scored by another scheme from the store alone."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from roadscan.errors import RoadscanError
from roadscan.pipeline.scheme import load_scheme
from roadscan.pipeline.score_survey import score_survey, use_scheme
from roadscan.store.sqlite import open_store
from tests.small_drive import SmallDrive, run_small_drive

SURVEY = "Herbst"


@pytest.fixture(scope="module")
def ran(small_drive: SmallDrive, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("ran")
    run_small_drive(small_drive, out, SURVEY, scheme="ap9k")
    return out


@pytest.fixture
def folder(ran: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(ran, tmp_path / "copy"))


def test_rescoring_gives_what_a_run_with_the_scheme_gives(
    folder: Path, small_drive: SmallDrive, tmp_path: Path
) -> None:
    other = load_scheme("ap9k-monotone")
    with open_store(folder) as store:
        use_scheme(store, SURVEY, other)
        score_survey(store, SURVEY)
        rescored = store.assessment(SURVEY)
        assert store.survey(SURVEY).scheme_text == other.text
    run_small_drive(small_drive, tmp_path / "other", SURVEY, scheme="ap9k-monotone")
    with open_store(tmp_path / "other") as store:
        assert store.assessment(SURVEY) == rescored


def test_another_scheme_does_not_work_through_the_video_anew(
    folder: Path, small_drive: SmallDrive
) -> None:
    record = run_small_drive(small_drive, folder, SURVEY, scheme="ap9k-monotone").record
    assert record.realtime_factor == 0
    assert record.scheme.id == "ap9k-monotone"


def test_a_scheme_that_sees_other_cells_needs_the_video(folder: Path) -> None:
    scheme = load_scheme("ap9k")
    kinds = {kind: rule for kind, rule in scheme.kinds.items() if kind != "D40"}
    with open_store(folder) as store:
        before = store.assessment(SURVEY)
        with pytest.raises(RoadscanError, match="scheme_needs_video"):
            use_scheme(store, SURVEY, replace(scheme, kinds=kinds))
        assert store.assessment(SURVEY) == before


def test_an_unknown_survey_is_told_with_those_that_are_known(folder: Path) -> None:
    with open_store(folder) as store, pytest.raises(RoadscanError, match=r"survey_unknown.*Herbst"):
        use_scheme(store, "Winter", load_scheme("ap9k"))
