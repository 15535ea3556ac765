from dataclasses import replace

import pytest

from roadscan.store.surveys.list_drives import ModelUse, model_uses
from tests.databases import DATABASES, open_on
from tests.store.sample_surveys import TOWN, drive, survey

SETTINGS_AGAIN = "ab" * 32


@pytest.fixture(params=DATABASES)
def store(request, tmp_path):
    with open_on(request.param, tmp_path) as opened:
        opened.put_network(TOWN)
        yield opened


def test_each_survey_has_the_models_that_its_drives_were_looked_at_with(store):
    for number, version in ((1, "5"), (2, "5"), (3, "6")):
        seen = replace(drive(number), model_name=f"rdd-{version}", model_sha256=version * 64)
        store.put_drive(seen)
    store.put_survey(survey(1, 2, 3))
    store.put_survey(survey(3, name="Autumn"))
    assert model_uses(store.engine) == (
        ModelUse("Autumn", "rdd-6", "6" * 64, 1),
        ModelUse("Spring", "rdd-5", "5" * 64, 2),
        ModelUse("Spring", "rdd-6", "6" * 64, 1),
    )


def test_a_drive_that_was_worked_anew_counts_as_its_survey_has_it(store):
    store.put_drive(replace(drive(1), model_name="old"))
    store.put_drive(replace(drive(1, settings=SETTINGS_AGAIN), model_name="new"))
    store.put_survey(survey(1, settings=SETTINGS_AGAIN))
    assert [(use.model_name, use.drives) for use in model_uses(store.engine)] == [("new", 1)]


def test_without_a_survey_there_is_none(store):
    assert model_uses(store.engine) == ()
