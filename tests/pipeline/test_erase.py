"""A drive erased from a folder of results: what is left is what a run without it gives."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from roadscan.detect.people import PeopleFinder
from roadscan.errors import RoadscanError
from roadscan.model.stored_picture import PictureView
from roadscan.pipeline import erase as erase_module
from roadscan.pipeline import run as run_module
from roadscan.pipeline.erase import drives_in_folder, erase_from_folder, find_in_folder
from roadscan.pipeline.keep_pictures import PictureRules
from roadscan.store.erasure import Erased
from roadscan.store.rescoring import Scorings
from roadscan.store.sqlite import JOBS_FILE, open_store
from roadscan.store.tables import pictures
from tests.detect.people import Finds
from tests.pipeline.test_run import run_small
from tests.small_drive import SmallDrive, results_of, write_clip

OF_THE_RUN = ("timings_s", "realtime_factor", "erased")
"""What `run.json` goes on to say of the run that there was."""


def nobody_about(patch: pytest.MonkeyPatch) -> None:
    rules = PictureRules(PictureView.ROAD, PeopleFinder(Finds(), Finds()))
    patch.setattr(run_module, "load_picture_rules", lambda *_, **__: rules)


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The small drive as two videos of one track, which show other pictures."""
    folder = tmp_path_factory.mktemp("clips")
    first = write_clip(folder / "früh.mp4", 0.0, 12.0)
    return first, write_clip(folder / "spät.mp4", 12.0, 24.0, frame_s=0.15)


@pytest.fixture(scope="module")
def ran(
    small_drive: SmallDrive, clips: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Both of them run into one folder, with photos."""
    out = tmp_path_factory.mktemp("ran")
    with pytest.MonkeyPatch.context() as patch:
        nobody_about(patch)
        run_small(small_drive, out, videos=list(clips))
    return out


@pytest.fixture
def folder(ran: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(ran, tmp_path / "copy"))


def record(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "run.json").read_text("utf-8")))


def id_of(folder: Path, video: str) -> str:
    (found,) = (one for one in record(folder)["drives"] if one["video"] == video)
    return str(found["drive_id"])


def kept_pictures(folder: Path, drive_id: str) -> set[bytes]:
    query = select(pictures.c.jpeg).where(pictures.c.drive_id == drive_id)
    with open_store(folder) as store, store.engine.connect() as db:
        return set(db.scalars(query))


def files_with(folder: Path, content: bytes) -> list[str]:
    found = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return [path.name for path in found if content in path.read_bytes()]


def test_what_is_left_is_what_a_run_without_it_gives(
    folder: Path, small_drive: SmallDrive, clips: tuple[Path, Path], tmp_path: Path
) -> None:
    erased = erase_from_folder(folder, id_of(folder, "früh.mp4"))
    assert erased == Erased(("small drive",), ())
    with pytest.MonkeyPatch.context() as patch:
        nobody_about(patch)
        run_small(small_drive, tmp_path / "alone", videos=[clips[1]])
    assert any("photos" in name for name in results_of(folder))
    assert results_of(folder) == results_of(tmp_path / "alone")
    left, wanted = record(folder), record(tmp_path / "alone")
    assert left["erased"] == 1
    assert left.keys() == wanted.keys()
    metres = [one["drive"].pop("credited_m") for one in (left, wanted)]
    assert metres[0] == pytest.approx(metres[1], abs=0.5)
    for key in left.keys() - set(OF_THE_RUN):
        assert left[key] == wanted[key], key


def test_no_file_holds_its_id_or_its_pictures_any_more(folder: Path) -> None:
    drive_id = id_of(folder, "früh.mp4")
    its_own = kept_pictures(folder, drive_id) - kept_pictures(folder, id_of(folder, "spät.mp4"))
    assert its_own
    photos = {path.read_bytes() for path in (folder / "photos").iterdir()}
    assert files_with(folder, drive_id.encode()) != []
    erase_from_folder(folder, drive_id)
    assert files_with(folder, drive_id.encode()) == []
    assert [name for jpeg in its_own for name in files_with(folder, jpeg)] == []
    assert {path.read_bytes() for path in (folder / "photos").iterdir()} < photos


def test_with_the_last_drive_all_that_a_run_left_goes(folder: Path) -> None:
    for name in ("früh.mp4", "spät.mp4"):
        last = erase_from_folder(folder, id_of(folder, name))
    assert last == Erased((), ("small drive",))
    left = {path.name for path in folder.rglob("*") if path.is_file()}
    assert left == {"roadscan.db", "roadscan.lock"}
    assert drives_in_folder(folder) == ()


def test_stopped_on_the_way_it_is_done_again_and_finds_the_rest(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drive_id = id_of(folder, "früh.mp4")
    untouched = erased_in_one_go(folder, drive_id)

    def no_room(*_: object) -> None:
        raise RoadscanError("output_disk_full", "no room", "Make room")

    with monkeypatch.context() as patch:
        patch.setattr(erase_module, "export_all", no_room)
        with pytest.raises(RoadscanError, match="output_disk_full"):
            erase_from_folder(folder, drive_id)
    assert list((folder / "photos").iterdir()) == []
    erase_from_folder(folder, drive_id)
    assert results_of(folder) == untouched
    assert files_with(folder, drive_id.encode()) == []
    with pytest.raises(RoadscanError, match="drive_unknown"):
        erase_from_folder(folder, drive_id)


def erased_in_one_go(folder: Path, drive_id: str) -> dict[str, bytes]:
    other = Path(shutil.copytree(folder, folder.with_name("other")))
    erase_from_folder(other, drive_id)
    return results_of(other)


def test_a_survey_whose_layers_lie_elsewhere_is_scored_without_it_too(
    folder: Path, ran: Path, small_drive: SmallDrive, clips: tuple[Path, Path]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        nobody_about(patch)
        run_small(small_drive, folder, videos=[clips[1]], survey="later")
    drive_id = id_of(ran, "früh.mp4")
    layers = results_of(folder)
    assert erase_from_folder(folder, drive_id).rescored == ("small drive",)
    assert results_of(folder) == layers
    with open_store(folder) as store:
        assert Scorings(store.engine, lambda: 0.0).outstanding() == ()
        seen = [one.views_mean for one in store.assessment("small drive").results]
        assert seen == [one.views_mean for one in store.assessment("later").results]


def test_drives_are_listed_also_those_of_no_survey(
    folder: Path, small_drive: SmallDrive, clips: tuple[Path, Path]
) -> None:
    first, second = drives_in_folder(folder)
    assert (first.drive.video.name, second.drive.video.name) == ("früh.mp4", "spät.mp4")
    assert first.surveys == ("small drive",)
    assert first.pictures == len(kept_pictures(folder, first.drive.drive_id))
    with pytest.MonkeyPatch.context() as patch:
        nobody_about(patch)
        run_small(small_drive, folder, videos=[clips[1]])
    first, second = drives_in_folder(folder)
    assert (first.surveys, second.surveys) == ((), ("small drive",))
    erase_from_folder(folder, first.drive.drive_id)
    assert [one.drive.video for one in drives_in_folder(folder)] == [second.drive.video]


@pytest.mark.parametrize("act", [drives_in_folder, lambda f: erase_from_folder(f, "0" * 16)])
def test_a_town_that_is_served_and_a_folder_without_results_are_refused(
    folder: Path, tmp_path: Path, act: Callable[[Path], object]
) -> None:
    with pytest.raises(RoadscanError, match="file_missing"):
        act(tmp_path)
    assert list(tmp_path.glob("*.db")) == []
    (folder / JOBS_FILE).touch()
    before = results_of(folder)
    with pytest.raises(RoadscanError, match="option_invalid"):
        act(folder)
    assert results_of(folder) == before


def test_a_record_that_cannot_be_read_goes(folder: Path) -> None:
    drive_id = id_of(folder, "früh.mp4")
    told = record(folder)
    del told["camera"]
    (folder / "run.json").write_text(json.dumps(told))
    erase_from_folder(folder, drive_id)
    assert not (folder / "run.json").exists()
    assert (folder / "map.html").exists()


def test_without_any_record_layers_go_and_are_not_guessed(folder: Path) -> None:
    drive_id = id_of(folder, "früh.mp4")
    (folder / "run.json").unlink()
    erase_from_folder(folder, drive_id)
    assert set(results_of(folder)) == set()


def test_a_drive_that_there_is_not_changes_nothing(folder: Path) -> None:
    before = results_of(folder)
    for act in (erase_from_folder, find_in_folder):
        with pytest.raises(RoadscanError, match="drive_unknown"):
            act(folder, "0" * 16)
    assert results_of(folder) == before
