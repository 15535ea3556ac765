"""A small drive, reviewed and scored again, on each database."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import shapely

from roadscan.errors import RoadscanError
from roadscan.model.damage import Damage, Verdict
from roadscan.model.review import Decision, Ruling
from roadscan.pipeline import review
from roadscan.pipeline.review import subject_of
from roadscan.pipeline.scheme import load_scheme
from roadscan.pipeline.score_survey import score_survey, use_scheme
from roadscan.publish.layer_frames import load_results
from roadscan.publish.served_features import publish_features
from roadscan.store.layers.layer_store import LayerStore
from roadscan.store.layers.selection import Selection
from roadscan.store.rescoring import RescoreDelta, Scorings
from roadscan.store.store import Store
from tests.databases import DATABASES, copied_on
from tests.small_drive import SmallDrive, run_small_drive

SURVEY = "Herbst"


@pytest.fixture(scope="module")
def ran(small_drive: SmallDrive, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("ran")
    run_small_drive(small_drive, out, SURVEY)
    return out


@pytest.fixture(params=DATABASES)
def store(request: pytest.FixtureRequest, ran: Path, tmp_path: Path) -> Iterator[Store]:
    with copied_on(request.param, tmp_path, ran) as opened:
        yield opened


def damages(store: Store, kind: str) -> list[Damage]:
    return [damage for damage in store.assessment(SURVEY).damages if damage.kind == kind]


def score_at(store: Store, segment_id: str) -> float | None:
    (result,) = [r for r in store.assessment(SURVEY).results if r.segment_id == segment_id]
    return result.score.score


def served(features: LayerStore) -> dict[str, list[str]]:
    """The features on show, by layer; in order of their text, for places may differ."""
    found = {}
    with features.reading() as reader:
        for name in ("segments", "damages", "drives", "cells"):
            (layer,) = reader.layers(name)
            page = reader.page(layer, reader.places(layer, Selection(), None, 10_000))
            found[name] = sorted(one.geojson for one in page)
            assert len(page) == layer.features == reader.count(layer, Selection())
    return found


def version_of(features: LayerStore, collection: str) -> str:
    with features.reading() as reader:
        return reader.layers(collection)[0].version


@pytest.fixture
def features(store: Store) -> LayerStore:
    """The layers, published."""
    opened = LayerStore(store.engine)
    publish_features(store, opened, load_results(store, SURVEY))
    return opened


def decide_at_once(store: Store, damage: Damage, verdict: Verdict, kind: str = "") -> Decision:
    subject = subject_of(store, SURVEY, damage.damage_id)
    return review.decide(store, subject, Ruling(verdict, kind or damage.kind, "", "Rita", 100.0))


def decide(
    store: Store, damage: Damage, verdict: Verdict, kind: str = "", reason: str = ""
) -> Decision:
    """Write it down and leave the scores to a later scoring."""
    subject = subject_of(store, SURVEY, damage.damage_id)
    return store.reviews.decide(
        subject, Ruling(verdict, kind or damage.kind, reason, "Rita", 100.0)
    )


def test_a_rejected_damage_is_gone_after_the_next_scoring(store: Store) -> None:
    first, second = damages(store, "D40")
    before = score_at(store, first.segment_id)
    decide(store, first, Verdict.REJECTED)
    score_survey(store, SURVEY)
    assert damages(store, "D40") == [second]
    after = score_at(store, first.segment_id)
    assert after is not None
    assert before is not None
    assert after < before


def test_a_corrected_damage_counts_as_what_it_is(store: Store) -> None:
    first, _ = damages(store, "D40")
    decide(store, first, Verdict.CORRECTED, "D20")
    score_survey(store, SURVEY)
    corrected = [d for d in damages(store, "D20") if d.review is Verdict.CORRECTED]
    assert [d.from_offset_m for d in corrected] == [pytest.approx(first.from_offset_m, abs=0.5)]
    assert len(damages(store, "D40")) == 1


def test_a_damage_can_be_judged_again_under_its_new_name(store: Store) -> None:
    first, second = damages(store, "D40")
    decide(store, first, Verdict.CORRECTED, "D20")
    score_survey(store, SURVEY)
    (corrected,) = [d for d in damages(store, "D20") if d.review]
    decide(store, corrected, Verdict.REJECTED)
    score_survey(store, SURVEY)
    assert damages(store, "D40") == [second]
    assert [d for d in damages(store, "D20") if d.review] == []


def test_a_confirmed_damage_says_so_and_nothing_else_changes(store: Store) -> None:
    before = store.assessment(SURVEY)
    (patch,) = damages(store, "Repair")
    decide(store, patch, Verdict.CONFIRMED)
    score_survey(store, SURVEY)
    (confirmed,) = damages(store, "Repair")
    assert confirmed.review is Verdict.CONFIRMED
    after = store.assessment(SURVEY).results
    assert sum(result.n_reviewed for result in after) >= 1
    assert tuple(replace(result, n_reviewed=0) for result in after) == before.results


def test_undone_decisions_leave_everything_as_it_was(store: Store) -> None:
    before = store.assessment(SURVEY)
    (patch,) = damages(store, "Repair")
    first, _ = damages(store, "D40")
    made = [
        decide(store, first, Verdict.REJECTED),
        decide(store, patch, Verdict.CORRECTED, "D20"),
    ]
    score_survey(store, SURVEY)
    assert store.assessment(SURVEY) != before
    for decision in made:
        assert store.reviews.undo(decision.number, "Rolf", 200.0).undone
    score_survey(store, SURVEY)
    assert store.assessment(SURVEY) == before
    assert [d.undone for d in store.reviews.of(SURVEY)] == [True, True]


def test_what_was_said_before_holds_again_after_an_undo(store: Store) -> None:
    first, _ = damages(store, "D40")
    decide(store, first, Verdict.CONFIRMED)
    score_survey(store, SURVEY)
    second_thoughts = decide(store, first, Verdict.REJECTED)
    store.reviews.undo(second_thoughts.number, "Rita", 200.0)
    score_survey(store, SURVEY)
    assert damages(store, "D40")[0].review is Verdict.CONFIRMED


def test_a_decision_is_undone_once(store: Store) -> None:
    (patch,) = damages(store, "Repair")
    number = decide(store, patch, Verdict.REJECTED).number
    store.reviews.undo(number, "Rita", 200.0)
    for unknown in (number, number + 1, 4711):
        with pytest.raises(RoadscanError, match="review_unknown"):
            store.reviews.undo(unknown, "Rita", 300.0)


def test_a_decision_tells_who_when_why_and_about_what(store: Store) -> None:
    (patch,) = damages(store, "Repair")
    made = decide(store, patch, Verdict.CORRECTED, "D20", "Fugen, Übergang")
    assert store.reviews.decision(made.number) == made
    assert store.reviews.of(SURVEY) == (made,)
    assert (made.ruling.who, made.ruling.at_s) == ("Rita", 100.0)
    assert made.ruling.reason == "Fugen, Übergang"
    assert (made.subject.damage_id, made.subject.kind) == (patch.damage_id, "Repair")
    shown = made.subject.boxes[0]
    assert (shown.frame_t_s, shown.xyxy) == (patch.best.frame_t_s, patch.best.box_xyxy)
    assert len({box.frame_t_s for box in made.subject.boxes}) == patch.n_observations


def test_a_decision_asks_for_a_scoring(store: Store) -> None:
    scorings = Scorings(store.engine, lambda: 0.0)
    (patch,) = damages(store, "Repair")
    number = decide(store, patch, Verdict.REJECTED).number
    assert [one.survey for one in scorings.outstanding()] == [SURVEY]
    scorings.mark_done(SURVEY, scorings.status(SURVEY).requested, 1.0)
    store.reviews.undo(number, "Rita", 200.0)
    assert [one.survey for one in scorings.outstanding()] == [SURVEY]


def test_decisions_outlive_another_scheme(store: Store) -> None:
    first, _ = damages(store, "D40")
    decide(store, first, Verdict.REJECTED)
    use_scheme(store, SURVEY, load_scheme("ap9k-monotone"))
    score_survey(store, SURVEY)
    assert len(damages(store, "D40")) == 1


def test_cells_and_scores_agree_on_what_was_rejected(store: Store, features: LayerStore) -> None:
    for damage in store.assessment(SURVEY).damages:
        decide(store, damage, Verdict.REJECTED)
    publish_features(store, features, score_survey(store, SURVEY))
    with features.reading() as reader:
        (cells,) = reader.layers("cells")
        rows = list(reader.values(cells, Selection(), ("hits", "affected")))
        (found,) = reader.layers("damages")
    assert rows
    assert {(row.hits, row.affected) for row in rows} == {(None, None)}
    assert found.features == 0


def test_a_damage_that_there_is_not_cannot_be_judged(store: Store) -> None:
    (patch,) = damages(store, "Repair")
    decide(store, patch, Verdict.REJECTED)  # not scored yet
    for survey, damage_id in (
        (SURVEY, "nothing"),
        ("Winter", "nothing"),
        (SURVEY, patch.damage_id),
    ):
        with pytest.raises(RoadscanError, match="evidence_unknown"):
            subject_of(store, survey, damage_id)


@pytest.mark.parametrize(
    ("kind", "verdict", "called"),
    [
        ("D40", Verdict.REJECTED, ""),
        ("D00", Verdict.CORRECTED, "D20"),
        ("Repair", Verdict.CONFIRMED, ""),
        ("D20", Verdict.REJECTED, ""),
    ],
)
def test_what_follows_at_once_is_what_a_scoring_of_all_gives(
    store: Store, features: LayerStore, kind: str, verdict: Verdict, called: str
) -> None:
    shown = served(features)
    made = decide_at_once(store, damages(store, kind)[0], verdict, called)
    assert Scorings(store.engine, lambda: 0.0).outstanding() == ()
    at_once, scores = served(features), store.assessment(SURVEY)
    assert at_once != shown
    publish_features(store, features, score_survey(store, SURVEY))
    assert store.assessment(SURVEY) == scores
    assert served(features) == at_once
    review.undo(store, made.number, "Rita", 200.0)
    assert served(features) == shown
    assert Scorings(store.engine, lambda: 0.0).outstanding() == ()


def test_a_layer_that_changed_has_another_version_and_the_others_keep_theirs(
    store: Store, features: LayerStore
) -> None:
    names = ("segments", "damages", "cells", "drives")
    before = {name: version_of(features, name) for name in names}
    decide_at_once(store, damages(store, "D40")[0], Verdict.REJECTED)
    changed = {name for name in names if version_of(features, name) != before[name]}
    assert changed == {"segments", "damages", "cells"}


def test_a_selection_that_was_asked_for_before_is_found_anew(
    store: Store, features: LayerStore
) -> None:
    everywhere = Selection(shapely.box(-180.0, -90.0, 180.0, 90.0))

    def ids() -> set[str]:
        with features.reading() as reader:
            (layer,) = reader.layers("damages")
            return {row.damage_id for row in reader.values(layer, everywhere, ("damage_id",))}

    before = ids()
    gone = damages(store, "D40")[0]
    made = decide_at_once(store, gone, Verdict.REJECTED)
    assert ids() == before - {gone.damage_id}
    review.undo(store, made.number, "Rita", 200.0)
    assert ids() == before


def test_a_survey_with_scores_outstanding_is_left_to_the_next_scoring(
    store: Store, features: LayerStore
) -> None:
    first, second = damages(store, "D40")
    decide(store, second, Verdict.CONFIRMED)
    shown = served(features)
    decide_at_once(store, first, Verdict.REJECTED)
    assert served(features) == shown
    (left,) = Scorings(store.engine, lambda: 0.0).outstanding()
    assert (left.requested, left.done) == (2, 0)


def test_what_was_worked_out_before_another_change_is_not_written(
    store: Store, features: LayerStore
) -> None:
    first, second = damages(store, "D40")
    subject = subject_of(store, SURVEY, first.damage_id)
    ruling = Ruling(Verdict.REJECTED, "D40", "", "Rita", 100.0)
    change = store.reviews.up_to_date_change(SURVEY)
    assert change is not None
    late = RescoreDelta(change, (), (first,), (), {})
    decide_at_once(store, second, Verdict.CONFIRMED)
    shown = served(features)
    store.reviews.decide(subject, ruling, late)
    assert served(features) == shown
    assert first in store.assessment(SURVEY).damages
    assert len(Scorings(store.engine, lambda: 0.0).outstanding()) == 1
