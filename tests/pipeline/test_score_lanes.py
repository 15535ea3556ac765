"""Drives that join a survey are scored by themselves, to what a scoring of all gives."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from roadscan.model.damage import Verdict
from roadscan.model.review import Ruling
from roadscan.pipeline.review import decide, subject_of
from roadscan.pipeline.score_survey import score_new_drives, score_survey
from roadscan.publish.layer_frames import load_results
from roadscan.publish.served_features import publish_features
from roadscan.store import tables
from roadscan.store.layers.layer_store import LayerStore
from roadscan.store.layers.selection import Selection
from roadscan.store.rescoring import Scorings
from roadscan.store.store import Store
from tests.databases import DATABASES, copied_on
from tests.small_drive import SmallDrive, run_small_drive, write_clip, write_track

SURVEY = "Herbst"
LATER, OTHER_LANES = "later", "other lanes"
"""Surveys of one drive each, which are to join: a second before the first, and on one link only."""


@pytest.fixture(scope="module")
def ran(small_drive: SmallDrive, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ran")
    run_small_drive(small_drive, folder / "out", SURVEY)
    half = write_clip(folder / "half.mp4", 0.0, 9.0)
    run_small_drive(small_drive.on(video=half), folder / "out", OTHER_LANES)
    shifted = small_drive.on(
        video=write_clip(folder / "later.mp4", 0.0, 20.0),
        track=write_track(folder / "later.gpx", shift_s=-1.5),
    )
    run_small_drive(shifted, folder / "out", LATER)
    return folder / "out"


@pytest.fixture(params=DATABASES)
def store(request: pytest.FixtureRequest, ran: Path, tmp_path: Path) -> Iterator[Store]:
    with copied_on(request.param, tmp_path, ran) as opened:
        yield opened


@pytest.fixture
def scorings(store: Store) -> Scorings:
    return Scorings(store.engine, lambda: 50.0)


@pytest.fixture
def features(store: Store) -> LayerStore:
    """The layers of the survey, on show."""
    opened = LayerStore(store.engine)
    publish_features(store, opened, load_results(store, SURVEY))
    return opened


def join(store: Store, *others: str, **changed: Any) -> None:
    own = store.survey(SURVEY)
    for other in others:
        drives = store.survey(other).drives
        store.join_survey(replace(own, drives=drives, **changed))


def shown(features: LayerStore) -> dict[str, list[str]]:
    """All that is served of the survey; in order of text, for places may differ."""
    found = {}
    with features.reading() as reader:
        for name in ("segments", "damages", "drives", "cells"):
            (layer,) = [one for one in reader.layers(name) if one.source.survey == SURVEY]
            page = reader.page(layer, reader.places(layer, Selection(), None, 10_000))
            found[name] = sorted(one.geojson for one in page)
            found["source"] = [repr(layer.source)]
            assert len(page) == layer.features == reader.count(layer, Selection())
    return found


def all_scored(store: Store, features: LayerStore) -> dict[str, list[str]]:
    publish_features(store, features, score_survey(store, SURVEY))
    return shown(features)


@pytest.mark.parametrize("others", [[OTHER_LANES], [LATER], [OTHER_LANES, LATER]])
def test_what_drives_that_joined_change_is_what_a_scoring_of_all_gives(
    store: Store, features: LayerStore, scorings: Scorings, others: list[str]
) -> None:
    before = shown(features)
    join(store, *others)
    assert (
        score_new_drives(store, scorings, SURVEY)
        == scorings.status(SURVEY).requested
        == len(others)
    )
    followed, scores = shown(features), store.assessment(SURVEY)
    assert {name for name in before if followed[name] != before[name]} >= {"cells", "drives"}
    assert followed == all_scored(store, features)
    assert scores == store.assessment(SURVEY)


def test_what_reviewers_said_goes_on_counting(
    store: Store, features: LayerStore, scorings: Scorings
) -> None:
    damage = store.assessment(SURVEY).damages[0]
    ruling = Ruling(Verdict.REJECTED, damage.kind, "", "Rita", 100.0)
    decide(store, subject_of(store, SURVEY, damage.damage_id), ruling)
    join(store, LATER)
    assert score_new_drives(store, scorings, SURVEY) == 2
    followed = shown(features)
    assert followed == all_scored(store, features)


def test_lanes_that_they_did_not_see_are_left_alone(
    store: Store, features: LayerStore, scorings: Scorings
) -> None:
    elsewhere = store.assessment(SURVEY).results[-1]
    spoilt = {"left": "alone"}
    this = tables.results.c.segment_id == elsewhere.segment_id
    with store.engine.begin() as db:
        db.execute(update(tables.results).where(this).values(result=spoilt))
    join(store, OTHER_LANES)
    assert score_new_drives(store, scorings, SURVEY) == 1
    with store.engine.connect() as db:
        own = select(tables.results.c.result).where(this, tables.results.c.survey == SURVEY)
        assert db.scalar(own) == spoilt


def test_doing_it_twice_changes_nothing_more(
    store: Store, features: LayerStore, scorings: Scorings
) -> None:
    join(store, LATER)
    score_new_drives(store, scorings, SURVEY)
    once = shown(features)
    assert score_new_drives(store, scorings, SURVEY) == 1
    assert shown(features) == once


def test_after_a_scoring_only_later_drives_are_followed(
    store: Store, features: LayerStore, scorings: Scorings
) -> None:
    join(store, OTHER_LANES)
    scorings.mark_done(SURVEY, 1, 1.0)
    join(store, LATER)
    assert score_new_drives(store, scorings, SURVEY) == 2
    (own,) = store.survey(LATER).drives
    assert scorings.drives_joined(scorings.status(SURVEY)) == (own,)


@pytest.mark.parametrize(
    "change",
    ["a verdict", "another scheme", "another model", "a drive less", "other settings", "a new try"],
)
def test_what_more_than_drives_changed_is_scored_as_a_whole(
    store: Store, features: LayerStore, scorings: Scorings, change: str
) -> None:
    join(store, OTHER_LANES)
    own = store.survey(SURVEY)
    match change:
        case "a verdict":
            damage = store.assessment(SURVEY).damages[0]
            ruling = Ruling(Verdict.REJECTED, damage.kind, "", "Rita", 100.0)
            store.reviews.decide(subject_of(store, SURVEY, damage.damage_id), ruling)
        case "another scheme":
            store.use_scheme(SURVEY, own.scheme_text)
        case "another model":
            join(store, LATER, model_name="a better one")
        case "a drive less":
            store.erase_drive(own.drives[0].drive_id)
        case "other settings":
            (key,) = store.survey(LATER).drives
            join(store, LATER)
            store.join_survey(replace(own, drives=(replace(key, settings_sha256="ab" * 32),)))
        case "a new try":  # an older roadscan made the scores before: nothing is known of changes
            store.put_survey(own)
    before = shown(features) if change != "a drive less" else None
    assert score_new_drives(store, scorings, SURVEY) is None
    if before:
        assert shown(features) == before


def test_a_survey_that_shows_nothing_yet_is_scored_as_a_whole(
    store: Store, scorings: Scorings
) -> None:
    store.join_survey(replace(store.survey(LATER), name="Neu"))
    assert score_new_drives(store, scorings, "Neu") is None


def test_lanes_worked_out_before_the_survey_was_scored_are_not_written(
    store: Store, features: LayerStore, scorings: Scorings, monkeypatch: pytest.MonkeyPatch
) -> None:
    join(store, LATER)
    seen_on = Store.seen_on

    def scored_meanwhile(self: Store, *links: Any) -> Any:
        scorings.mark_done(SURVEY, 1, 1.0)
        return seen_on(self, *links)

    before = shown(features)
    monkeypatch.setattr(Store, "seen_on", scored_meanwhile)
    assert score_new_drives(store, scorings, SURVEY) is None
    assert shown(features) == before
