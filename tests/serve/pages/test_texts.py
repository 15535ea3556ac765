import tomllib
from importlib.resources import files

import pytest

from roadscan.model.layers.segments import SEGMENTS
from roadscan.serve.pages.texts import (
    DEFAULT,
    LANGUAGES,
    choose_language,
    how_long,
    notice_texts,
    texts,
)

DAY_S, HOUR_S = 86400.0, 3600.0


def test_both_languages_say_the_same_things():
    assert texts("de").keys() == texts("en").keys()
    assert all(value.strip() for value in (*texts("de").values(), *texts("en").values()))


def test_fields_have_the_titles_of_the_layer_except_where_the_pages_have_their_own_word():
    own = {
        (field.name, language)
        for field in SEGMENTS.fields
        for language in LANGUAGES
        if texts(language)[f"field_{field.name}"] != field.title.of(language)
    }
    assert own == {
        ("score", "en"),
        ("condition_class", "de"),
        ("condition_class", "en"),
        ("reason", "de"),
        ("reason", "en"),
        ("coverage", "de"),
        ("assessed_at", "de"),
    }
    titles = {f"field_{field.name}" for field in SEGMENTS.fields}
    assert {key for key in texts("de") if key.startswith("field_")} == titles
    written = [_fields_in_file(language) for language in LANGUAGES]
    assert sum(map(len, written)) == len(own)


def _fields_in_file(language: str) -> set[str]:
    source = files("roadscan.serve.pages").joinpath("texts", f"{language}.toml")
    return {key for key in tomllib.loads(source.read_text("utf-8")) if key.startswith("field_")}


@pytest.mark.parametrize(
    ("asked", "kept", "accepted", "language"),
    [
        ("en", "de", "de", "en"),
        (None, "en", "de", "en"),
        (None, None, "fr-FR, en;q=0.8, de;q=0.7", "en"),
        ("xx", None, "", DEFAULT),
        (None, "../../etc", "*", DEFAULT),
    ],
)
def test_the_language_is_the_one_asked_for_then_kept_then_the_browser_s(
    asked, kept, accepted, language
):
    assert choose_language(asked, kept, accepted) == language


def test_texts_are_valid_toml_without_repeated_keys():
    for language in ("de", "en"):
        source = files("roadscan.serve.pages").joinpath("texts", f"{language}.toml")
        assert tomllib.loads(source.read_text("utf-8"))


def test_a_period_is_written_in_the_unit_that_fits_it():
    words = notice_texts("de")
    written = [how_long(s, words) for s in (0.0, 60.0, 600.0, HOUR_S, 12 * HOUR_S, DAY_S)]
    assert written == ["0 Tage", "1 Minute", "10 Minuten", "1 Stunde", "12 Stunden", "1 Tag"]
    assert how_long(1.5 * DAY_S, words) == "1,5 Tage"
    assert how_long(100_000.0, words) == "1667 Minuten"
