import re
import time
from contextlib import closing
from importlib.resources import files
from pathlib import Path
from string import Template

import pytest

from roadscan.cli.app import exit_code
from roadscan.model.access import Role
from roadscan.model.uploaded_file import FileKind, StoredFile, UploadSource
from roadscan.serve import privacy_record as module
from roadscan.serve.privacy_record import LANGUAGES, MEASURED, WORDS, privacy_record
from roadscan.serve.settings import ServeSettings
from roadscan.serve.town import Town
from roadscan.store.sqlite import share_store
from roadscan.store.town.files import Files

ROOT = Path(__file__).parents[2]


def template(language: str) -> str:
    return files("roadscan.serve").joinpath("privacy_texts", f"{language}.txt").read_text("utf-8")


@pytest.mark.both_databases
@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_set_stands_in_the_text(settings, store, accounts, language):
    accounts.add("Ada", Role.ADMIN, None)
    accounts.add("Uli", Role.UPLOADER, None)
    gone = accounts.add("Willi", Role.UPLOADER, None)
    accounts.change(gone.account_id, Role.UPLOADER, active=False)
    old = StoredFile(
        "a" * 64, 10, "d.mp4", FileKind.VIDEO, "S", "u", "Uli", time.time() - 40 * 86400
    )
    Files(store.engine).put(old, UploadSource("", 0, "", old.name), "upload")
    public = frozenset({"segments", "damages"})
    changed = settings.model_copy(
        update={"keep_raw_s": 3 * 86400.0, "public_collections": public, "cookie_secure": True}
    )
    with closing(Town(changed, store)) as town:
        text = privacy_record(town, language)
    words = WORDS[language]
    assert re.search(r"6\. .*\b3 (Tage|days)\)", text)
    assert words.deletes in text
    assert "damages, segments" in text
    assert str(settings.data.resolve()) in text
    assert f"{words.roles[4]}: 1 {words.accounts}" in text
    assert f"{words.roles[1]}: 1 {words.accounts}" in text
    assert f"HTTPS: {words.yes}." in text or f"only: {words.yes}." in text
    assert re.search(
        r"(jetzt|are) 1 (Videos|videos).*\n?.*1 (fällig|of which|davon)|1 of which", text
    )
    assert "$" not in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_says_so_if_nothing_is_deleted_by_itself(settings, store, language):
    text = privacy_record(Town(settings.model_copy(update={"deletes_raw": False}), store), language)
    assert WORDS[language].deletes_not in text
    assert WORDS[language].deletes not in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_password_of_the_database_is_not_in_it(language):
    settings = ServeSettings(data=Path(), database="postgresql://u:geheim@db.example/town")
    assert module._database(settings, WORDS[language]) == "PostgreSQL, db.example, town"


@pytest.mark.parametrize("language", LANGUAGES)
def test_its_figures_are_those_that_were_measured(language):
    measured = (ROOT / "docs/privacy.md").read_text(encoding="utf-8")
    rows = {line.split("|")[1].strip(): line for line in measured.splitlines() if line[:1] == "|"}
    found = re.findall(r"0\.\d\d", WORDS[language].figures)
    for place, row in enumerate(("street/val", "walk past parked cars")):
        share, low, high = found[3 * place : 3 * place + 3]
        told = re.search(r"\*\*(.+?)\*\* \((.+?) to (.+?)\) of (\d+)", rows[row])
        assert (told[1], told[2], told[3]) == (share, low, high)
        assert f" {told[4]} " in WORDS[language].figures
    assert f"models/{MEASURED.rpartition('-')[0]}" in measured


def test_another_network_does_not_get_these_figures(settings, store, monkeypatch):
    monkeypatch.setattr(module, "MEASURED", "people-v5nu-0")
    text = privacy_record(Town(settings, store), "en")
    assert "0.96" not in text
    assert WORDS["en"].unmeasured in text


def test_both_languages_have_the_same_fields_and_sections():
    fields = [sorted(Template(template(language)).get_identifiers()) for language in LANGUAGES]
    sections = [re.findall(r"^\d+\.", template(lang), flags=re.MULTILINE) for lang in LANGUAGES]
    assert fields[0] == fields[1]
    assert sections[0] == sections[1]


def test_the_text_says_that_it_is_no_legal_advice():
    assert "keine Rechtsberatung" in template("de")
    assert "no legal advice" in template("en")


def test_a_file_that_is_there_is_not_written_over(tmp_path, capsys):

    with share_store(tmp_path / "town"):
        pass
    line = ["privacy-record", "--data", str(tmp_path / "town"), "--lang", "en"]
    line += ["--out", str(tmp_path / "record.txt")]
    assert exit_code(line) == 0
    assert (tmp_path / "record.txt").read_text("utf-8").startswith("RECORD OF PROCESSING")
    assert exit_code(line) == 3
    assert "output_not_writable" in capsys.readouterr().err


def test_no_town_is_made_by_asking(tmp_path):
    assert exit_code(["privacy-record", "--data", str(tmp_path)]) == 3
    assert not list(tmp_path.iterdir())
