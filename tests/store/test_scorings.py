import pytest

from roadscan.store.rescoring import Scorings
from tests.databases import DATABASES, open_on
from tests.store.sample_surveys import survey


@pytest.fixture(params=DATABASES)
def store(request, tmp_path):
    with open_on(request.param, tmp_path) as opened:
        yield opened


@pytest.fixture
def scorings(store):
    return Scorings(store.engine, lambda: 50.0)


def test_a_survey_that_nobody_changed_needs_no_scores(scorings):
    assert scorings.outstanding() == ()
    assert scorings.status("Spring").requested == 0


def test_what_changes_while_a_survey_is_scored_asks_for_one_more_scoring(store, scorings):
    store.join_survey(survey(1))
    begun = scorings.status("Spring").requested
    store.join_survey(survey(2))
    scorings.mark_done("Spring", begun, 2.0)
    (left,) = scorings.outstanding()
    assert (left.requested, left.done, left.ended_s, left.took_s) == (2, 1, 50.0, 2.0)
    scorings.mark_done("Spring", left.requested, 2.0)
    assert scorings.outstanding() == ()


def test_a_scoring_that_ends_late_takes_nothing_back(store, scorings):
    for number in (1, 2):
        store.join_survey(survey(number))
    scorings.mark_done("Spring", 2, 1.0)
    scorings.mark_done("Spring", 1, 9.0)
    assert scorings.status("Spring").done == 2
