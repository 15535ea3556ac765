"""A drive is erased with all that came of it, and nothing of other drives with it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select

from roadscan.errors import RoadscanError
from roadscan.model.damage import Verdict
from roadscan.model.drive import RematchInputs, UnusableFrame
from roadscan.model.frame import FrameRejection
from roadscan.model.review import BoxKey, ReviewedDamage, Ruling
from roadscan.model.stored_picture import Picture, PictureRefusal, PictureView, StoredPicture
from roadscan.model.track import Track
from roadscan.store.erasure import OF_DRIVE, Erased
from roadscan.store.layers.feature_tables import FEATURES
from roadscan.store.layers.layer_store import LayerStore
from roadscan.store.rescoring import Scorings
from roadscan.store.store import Store
from roadscan.store.surveys.list_drives import find_drive, full_id, known_drives, short_ids
from roadscan.store.tables import metadata, review_decisions
from tests.databases import DATABASES, open_on
from tests.store.sample_surveys import (
    SETTINGS,
    T_S,
    TOWN,
    assessment,
    chunk,
    drive,
    grid,
    observation,
    rejected,
    survey,
)
from tests.store.sample_town import segments, source

AROUND = np.array([[12.0, 51.0], [12.1, 51.0], [12.1, 51.1], [12.0, 51.0]])
COUNTED = {"scorings", "editions", "edition_layers", "alembic_version"}
"""Tables that remember that something was: no content of a drive."""


@pytest.fixture(params=DATABASES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    with open_on(request.param, tmp_path) as opened:
        yield opened


def put_drive(store: Store, number: int) -> None:
    """Put a drive with something in every table that has rows of drives."""
    fixes = np.arange(3.0)
    track = Track(*(fixes for _ in range(6)), np.zeros(3, np.int64), "gpx")
    store.put_drive(drive(number), RematchInputs(track, 3.0, "road"))
    picture = StoredPicture(T_S, Picture(b"jpeg", PictureView.ROAD, 64, 36, 0.5), AROUND)
    store.put_chunk(
        replace(
            chunk(0, number, (observation(),), (rejected(),), (grid(),), (grid(),)),
            pictures=(picture,),
            refused_pictures={PictureRefusal.NETWORK_FAILED: 1},
            frames_found=(UnusableFrame(1.0, FrameRejection.TOO_DARK),),
        ),
        SETTINGS,
    )
    seen = observation()
    judge(store, BoxKey(f"drive-{number}", seen.frame_t_s, seen.kind, seen.box_xyxy))


def judge(store: Store, *boxes: BoxKey) -> None:
    subject = ReviewedDamage("Spring", "d0", "east:f:0", "D40", boxes)
    decision = store.reviews.decide(subject, Ruling(Verdict.REJECTED, "D40", "leaf", "Rita", T_S))
    store.reviews.undo(decision.number, "Rita", T_S)


def content(store: Store) -> dict[str, list[str]]:
    with store.engine.connect() as db:
        return {
            table.name: sorted(repr(tuple(row)) for row in db.execute(select(table)))
            for table in metadata.sorted_tables
            if table.name not in COUNTED
        }


def test_every_table_that_names_a_drive_is_one_of_those() -> None:
    with_drives = {table for table in metadata.sorted_tables if "drive_id" in table.c}
    assert with_drives - set(OF_DRIVE) == {FEATURES["drives"]}  # made anew with the scores


def test_what_is_left_is_as_if_the_drive_had_never_been(store: Store) -> None:
    store.put_network(TOWN)
    put_drive(store, 2)
    store.put_survey(survey(2))
    before = content(store)
    put_drive(store, 1)
    store.join_survey(survey(1))
    filled = content(store)
    for table in (*OF_DRIVE, review_decisions):
        assert filled[table.name] != before[table.name]
    assert store.erase_drive("drive-1") == Erased(("Spring",), ())
    assert content(store) == before
    assert store.erase_drive("drive-1") == Erased((), ())
    assert content(store) == before


def test_drives_are_known_with_their_surveys_and_pictures_once_on_however_many_networks(
    store: Store,
) -> None:
    store.put_network(TOWN)
    for number in (2, 1):
        put_drive(store, number)
    store.put_drive(replace(drive(1), settings_sha256="another network"))
    for name in ("Spring", "Autumn"):
        store.put_survey(survey(1, name=name))
    first, second = known_drives(store.engine)
    assert (first.drive.drive_id, first.surveys, first.pictures) == (
        "drive-1", ("Autumn", "Spring"), 1,
    )  # fmt: skip
    assert (second.drive.drive_id, second.surveys, second.pictures) == ("drive-2", (), 1)
    assert find_drive(store.engine, "drive-2").pictures == 1
    with pytest.raises(RoadscanError, match=r"drive_unknown.*'drive-3'"):
        find_drive(store.engine, "drive-3")


def test_its_surveys_ask_to_be_scored_without_it(store: Store) -> None:
    store.put_network(TOWN)
    scorings = Scorings(store.engine, lambda: 1.0)
    for number in (1, 2):
        put_drive(store, number)
    store.join_survey(survey(1, 2))
    scorings.mark_done("Spring", scorings.status("Spring").requested, 1.0)
    store.erase_drive("drive-1")
    assert [one.survey for one in scorings.outstanding()] == ["Spring"]


def test_a_survey_ends_with_its_last_drive_and_its_layers_with_it(store: Store) -> None:
    store.put_network(TOWN)
    put_drive(store, 1)
    store.join_survey(survey(1))
    store.put_assessment("Spring", assessment())
    features, scorings = LayerStore(store.engine), Scorings(store.engine, lambda: 1.0)
    features.put_features(source("Spring"), {"segments": segments(3)})
    features.put_features(source("Autumn"), {"segments": segments(3, "Autumn")})
    before = scorings.status("Spring").requested
    store.put_survey(survey(2, name="Autumn"))
    assert store.erase_drive("drive-1") == Erased((), ("Spring",))
    features.clear_ended()
    assert store.surveys() == ("Autumn",)
    assert not store.assessment("Spring").segments
    with features.reading() as reader:
        assert [layer.source.survey for layer in reader.layers("segments")] == ["Autumn"]
    assert scorings.outstanding() == ()
    assert scorings.status("Spring").requested > before


def test_a_verdict_on_boxes_of_another_drive_as_well_stays_for_those(store: Store) -> None:
    store.put_network(TOWN)
    for number in (1, 2):
        put_drive(store, number)
    store.put_survey(survey(1, 2))
    seen = observation()
    boxes = [BoxKey(f"drive-{n}", seen.frame_t_s, seen.kind, seen.box_xyxy) for n in (1, 2)]
    judge(store, *boxes)
    store.erase_drive("drive-1")
    assert [one.subject.boxes for one in store.reviews.of("Spring")] == [(boxes[1],), (boxes[1],)]


def test_a_beginning_that_several_drives_have_names_none():
    ids = ("aaaaaaaa11", "aaaaaaaa22", "bbbbbbbb11")
    assert short_ids(ids)["bbbbbbbb11"] == "bbbbbbbb1"
    assert all(full_id(ids, short) == one for one, short in short_ids(ids).items())
    with pytest.raises(RoadscanError, match="2 drives begin with 'aaaaaaaa'"):
        full_id(ids, "aaaaaaaa")
    with pytest.raises(RoadscanError, match="there is no drive 'bbbb'"):
        full_id(ids, "bbbb")
