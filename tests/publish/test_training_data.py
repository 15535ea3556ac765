import io

import numpy as np
import pytest
import yaml
from PIL import Image
from sqlalchemy import insert

from roadscan.errors import RoadscanError
from roadscan.model.damage import Verdict
from roadscan.model.review import BoxKey, BoxVerdict, Decision, ReviewedDamage, Ruling
from roadscan.publish.training_data import COVERS, reviewed_frames, write_training_data
from roadscan.serve.settings import ServeSettings
from roadscan.serve.town import Town
from roadscan.serve.training_export import export_training
from roadscan.store import tables
from roadscan.store.town.accounts import Accounts
from tests.databases import open_on
from tests.store.sample_surveys import SETTINGS, T_S, chunk, observation, survey

pytest.importorskip("cv2")
sources = pytest.importorskip("training.sources")


def box(kind="D40", t_s=1.0, corner=10.0):
    return BoxKey("d1", t_s, kind, (corner, 10.0, corner + 10.0, 20.0))


def decision(*boxes, verdict=Verdict.CONFIRMED, kind="", undone=False):
    subject = ReviewedDamage("Spring", "x", "s", boxes[0].kind, boxes)
    return Decision(1, subject, Ruling(verdict, kind or boxes[0].kind, "", "Rita", 0.0), undone)


def frames(*decisions, beside):
    judgements = {
        one: BoxVerdict(d.ruling.verdict, d.ruling.kind)
        for d in decisions
        if not d.undone
        for one in d.subject.boxes
    }
    found = {}
    for one in beside:
        found.setdefault((one.drive_id, one.frame_t_s), []).append(one)
    return reviewed_frames(decisions, judgements, found)


def test_a_frame_has_the_boxes_that_stand_under_the_names_they_have_now():
    right, wrong, other = box(), box(corner=30.0), box("D00", corner=50.0)
    (frame,) = frames(
        decision(right),
        decision(wrong, verdict=Verdict.REJECTED),
        decision(other, verdict=Verdict.CORRECTED, kind="D20"),
        beside=[right, wrong, other],
    )
    assert frame.boxes == (("D40", right.xyxy), ("D20", other.xyxy))
    assert frame.labelled == ("D00", "D20", "D40")


def test_a_class_with_a_box_that_nobody_judged_is_not_claimed():
    right, open_, asked = box(), box(corner=30.0), box("D20", corner=50.0)
    (frame,) = frames(decision(right), decision(asked), beside=[right, open_, asked])
    assert frame.labelled == ("D20",)
    assert frame.boxes == (("D40", right.xyxy), ("D20", asked.xyxy))


def test_only_frames_that_were_shown_are_taken_and_none_that_was_undone():
    shown, beside_it, undone = box(), box(t_s=2.0), box(t_s=3.0)
    found = frames(
        decision(shown, beside_it), decision(undone, undone=True), beside=[shown, beside_it, undone]
    )
    assert [frame.frame_t_s for frame in found] == [1.0]


@pytest.fixture
def store(tmp_path):
    with open_on("sqlite", tmp_path / "town") as opened:
        yield opened


def fill(store, times_s, *, pictures=True):
    """A drive with a pothole at each time, judged right; pictures of half the frame's size."""
    jpeg = io.BytesIO()
    Image.fromarray(np.full((540, 960, 3), 90, np.uint8)).save(jpeg, "JPEG")
    seen = tuple(observation(t_s) for t_s in times_s)
    store.put_chunk(chunk(0, observations=seen), SETTINGS)
    store.put_survey(survey())
    for one in store.sightings("Spring", seen[0].link_id, seen[0].direction):
        subject = ReviewedDamage("Spring", "x", "s", "D40", (one.box,))
        store.reviews.decide(subject, Ruling(Verdict.CONFIRMED, "D40", "", "Rita", 0.0))
        if pictures:
            row = {
                "drive_id": one.box.drive_id,
                "settings_sha256": SETTINGS,
                "number": 0,
                "frame_t_s": one.box.frame_t_s,
                "view": "road",
                "width": 960,
                "height": 540,
                "scale": 0.5,
                "footprint_wkb": b"",
                "jpeg": jpeg.getvalue(),
            }
            with store.engine.begin() as db:
                db.execute(insert(tables.pictures), row)


def test_what_is_written_is_what_training_reads(store, tmp_path):
    fill(store, (T_S, T_S + 0.5))
    out = tmp_path / "out"
    written = write_training_data(store, ["Spring"], out)
    assert (written.frames, written.boxes, written.without_picture) == (2, 2, 0)
    first, second = sources.yolo(out, ("D00", "D40"))
    assert first.scene == second.scene == "drive-1"
    assert (first.view, first.labelled) == ("vehicle", ("D40",))
    number, *shares = first.labels.split()
    x1, y1, x2, y2 = observation().box_xyxy
    centre = ((x1 + x2) / 2 / 1920, (y1 + y2) / 2 / 1080)
    size = ((x2 - x1) / 1920, (y2 - y1) / 1080)
    assert number == "1"
    assert [float(share) for share in shares] == pytest.approx([*centre, *size], abs=1e-6)
    assert yaml.safe_load((out / "data.yaml").read_text())["names"] == {0: "D00", 1: "D40"}
    assert (out / "README.txt").read_text() == COVERS


def test_a_frame_without_a_kept_picture_is_counted_and_left_out(store, tmp_path):
    fill(store, (T_S,), pictures=False)
    written = write_training_data(store, ["Spring"], tmp_path / "out")
    assert (written.frames, written.without_picture) == (0, 1)
    assert list(sources.yolo(tmp_path / "out")) == []


def test_an_export_of_a_town_stands_in_its_audit_log(store, tmp_path):
    fill(store, (T_S,))
    town = Town(ServeSettings(data=tmp_path / "town"), store)
    assert export_training(town, "Spring", tmp_path / "out").frames == 1
    (entry,) = Accounts(store.engine, lambda: 0.0).audit_log(10)
    assert (entry.action, entry.subject) == ("training_exported", "1 pictures of Spring")
    with pytest.raises(RoadscanError, match="survey_unknown"):
        export_training(town, "Winter", tmp_path / "other")


def test_nothing_is_written_over_something(store, tmp_path):
    fill(store, (T_S,))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").touch()
    with pytest.raises(RoadscanError, match="not empty"):
        write_training_data(store, ["Spring"], tmp_path / "out")
