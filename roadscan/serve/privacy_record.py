"""Fills the template of a record of processing activities with what is set in a town.

The texts are data (privacy_texts/); what they say of the law is of reference works and no legal
advice. Art. 30(1) of Regulation (EU) 2016/679 has the list of what such a record holds.
"""

import time
from collections import Counter
from dataclasses import dataclass
from importlib.resources import files
from string import Template
from typing import Final

from sqlalchemy import make_url

from roadscan.detect.model_folder import ModelSettings, Task, list_models
from roadscan.model.access import Role
from roadscan.serve.retention import DAY_S, LONGEST_S, PAGE, RAW, Retention, open_retention
from roadscan.serve.settings import ServeSettings
from roadscan.serve.town import need_town, open_town
from roadscan.store.town.accounts import Accounts

LANGUAGES: Final = ("de", "en")
MEASURED: Final = "people-v5nu-1"
"""The network that the figures of `WORDS` are of; docs/privacy.md has how they were measured."""


@dataclass(frozen=True, slots=True)
class Words:
    """What the template's fields say in a language."""

    figures: str
    unmeasured: str
    none: str
    yes: str
    no: str
    sqlite: str
    deletes: str
    deletes_not: str
    pictures_too: str
    accounts: str
    classes: str
    roles: tuple[str, ...]
    """In the order of `Role`."""


WORDS: Final[dict[str, Words]] = {
    "de": Words(
        "Gemessen an ganzen Bildern, ab 24 Bildpunkten: von 293 Personen und Fahrzeugen in\n"
        "   Alltagsbildern 0.96 (0.94 bis 0.98) verdeckt, von 123 an geparkten Autos nur 0.85\n"
        "   (0.80 bis 0.90). Nicht gemessen: nachts, bei Regen, in Deutschland. Wer nicht\n"
        "   gefunden wird und auf dem Fahrstreifen ist, bleibt sichtbar.",
        "Gemessene Werte: siehe die Modellkarte [eintragen].",
        "keine",
        "ja",
        "nein",
        "SQLite im selben Ordner",
        "Gelöscht wird von selbst, einmal am Tag, sobald ein Arbeiter läuft (roadscan work,\n"
        "   roadscan serve).",
        "Das Löschen von selbst ist abgeschaltet (--no-purge): gelöscht wird nur, wenn\n"
        "   roadscan purge --delete läuft: [Zeitplan bestätigt am: ...].",
        " und je {metres} m Fahrt eines",
        "Konten",
        "Klassen",
        ("Ansicht", "Erfassung", "Prüfung", "Planung", "Verwaltung"),
    ),
    "en": Words(
        "Measured on whole pictures, from 24 pixels on: of 293 persons and vehicles in\n"
        "   everyday pictures 0.96 (0.94 to 0.98) hidden, of 123 along parked cars only 0.85\n"
        "   (0.80 to 0.90). Not measured: at night, in rain, in Germany. Who is not found and\n"
        "   is on the lane stays visible.",
        "Measured figures: see the model's card [fill in].",
        "none",
        "yes",
        "no",
        "SQLite in the same folder",
        "They are deleted without anybody's doing, once a day, as soon as a worker runs\n"
        "   (roadscan work, roadscan serve).",
        "Deletion by the workers is switched off (--no-purge): nothing is deleted unless\n"
        "   roadscan purge --delete runs: [schedule confirmed on: ...].",
        " and one for each {metres} m driven",
        "accounts",
        "classes",
        ("viewer", "uploader", "reviewer", "planner", "admin"),
    ),
}


def privacy_record(settings: ServeSettings, language: str) -> str:
    """Return the record as text; raises `file_missing` without a town, and what opening it raises.

    Parameters
    ----------
    settings
        As the service and its purge are run.
    language
        One of `LANGUAGES`.
    """
    need_town(settings)
    with open_retention(settings) as retention, open_town(settings) as store:
        town = _Town(retention, Accounts(store.engine, time.time), len(store.pictures.objections()))
        values = _values(settings, WORDS[language], town)
    text = files("roadscan.serve").joinpath("privacy_texts", f"{language}.txt").read_text("utf-8")
    return Template(text).substitute(values)


@dataclass(frozen=True, slots=True)
class _Town:
    retention: Retention
    accounts: Accounts
    objections: int


def _values(settings: ServeSettings, words: Words, town: _Town) -> dict[str, str]:
    privacy, damage, retention = _default("privacy"), _default("damage"), town.retention
    return {
        "made_on": time.strftime("%Y-%m-%d", time.gmtime(retention.clock())),
        "folder": str(settings.data.resolve()),
        "database": _database(settings, words),
        "deletion": words.deletes if settings.deletes_raw else words.deletes_not,
        "keep_days": f"{settings.keep_raw_s / DAY_S:g}",
        "longest_days": f"{LONGEST_S / DAY_S:g}",
        "expire_days": f"{settings.upload_expires_s / DAY_S:g}",
        "raw_files": str(_raw_files(retention)),
        "due_files": str(len(retention.due())),
        "privacy_model": _named(privacy, words),
        "privacy_figures": words.figures if _id(privacy) == MEASURED else words.unmeasured,
        "damage_model": _named(damage, words),
        "pictures": words.pictures_too.format(metres=f"{settings.picture_every_m:g}")
        if settings.picture_every_m
        else "",
        "objections": str(town.objections),
        "roles": _roles(words, town.accounts),
        "public_layers": ", ".join(sorted(settings.public_collections)) or words.none,
        "session_hours": f"{settings.session_s / 3600:g}",
        "cookie_secure": words.yes if settings.cookie_secure else words.no,
    }


def _roles(words: Words, accounts: Accounts) -> str:
    counted = Counter(account.role for account in accounts.all() if account.active)
    pairs = zip(Role, words.roles, strict=True)
    return "\n".join(f"   {name}: {counted[role]} {words.accounts}" for role, name in pairs)


def _raw_files(retention: Retention) -> int:
    count, last = 0, None
    while page := retention.files.newest(PAGE, last):
        count += sum(file.kind in RAW and file.purged_s is None for file in page)
        last = page[-1]
    return count


def _database(settings: ServeSettings, words: Words) -> str:
    if not settings.database:
        return words.sqlite
    url = make_url(settings.database)
    return f"PostgreSQL, {url.host or 'localhost'}, {url.database}"


def _default(task: Task) -> ModelSettings | None:
    return next((m for m in list_models() if m.default and m.task == task), None)


def _named(model: ModelSettings | None, words: Words) -> str:
    if model is None:
        return words.none
    return f"{_id(model)} ({words.classes}: {', '.join(model.classes)})"


def _id(model: ModelSettings | None) -> str:
    return "" if model is None else f"{model.name}-{model.version}"
