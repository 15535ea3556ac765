"""Fills the template of a record of processing activities with the settings of a town.

The texts are data (privacy_texts/); their statements about the law come from reference works and
are not legal advice. Art. 30(1) of Regulation (EU) 2016/679 lists the required content.
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
from roadscan.model.uploaded_file import RECORDINGS
from roadscan.serve.retention import DAY_S, LONGEST_S, PAGE, Retention
from roadscan.serve.settings import ServeSettings
from roadscan.serve.town import Town

LANGUAGES: Final = ("de", "en")
MEASURED: Final = "people-v5nu-1"
"""The network whose figures are in `WORDS`; docs/privacy.md says how they were measured."""


@dataclass(frozen=True, slots=True)
class Words:
    """The texts of the template's fields in one language."""

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


def privacy_record(town: Town, language: str) -> str:
    """Return the record as text.

    Parameters
    ----------
    town
        The town, with the settings used by the service and its purge.
    language
        One of `LANGUAGES`.
    """
    values = _values(town, WORDS[language])
    text = files("roadscan.serve").joinpath("privacy_texts", f"{language}.txt").read_text("utf-8")
    return Template(text).substitute(values)


def _values(town: Town, words: Words) -> dict[str, str]:
    privacy, damage, settings = _default("privacy"), _default("damage"), town.settings
    return {
        "made_on": time.strftime("%Y-%m-%d", time.gmtime(town.clock())),
        "folder": str(settings.data.resolve()),
        "database": _database(settings, words),
        "deletion": words.deletes if settings.deletes_raw else words.deletes_not,
        "keep_days": f"{settings.keep_raw_s / DAY_S:g}",
        "longest_days": f"{LONGEST_S / DAY_S:g}",
        "expire_days": f"{settings.upload_expires_s / DAY_S:g}",
        "raw_files": str(_raw_files(town)),
        "due_files": str(len(Retention(town, "nobody").due())),
        "privacy_model": _named(privacy, words),
        "privacy_figures": words.figures if _id(privacy) == MEASURED else words.unmeasured,
        "damage_model": _named(damage, words),
        "pictures": words.pictures_too.format(metres=f"{settings.picture_every_m:g}")
        if settings.picture_every_m
        else "",
        "objections": str(len(town.store.pictures.objections())),
        "roles": _roles(town, words),
        "public_layers": ", ".join(sorted(settings.public_collections)) or words.none,
        "session_hours": f"{settings.session_s / 3600:g}",
        "cookie_secure": words.yes if settings.cookie_secure else words.no,
    }


def _roles(town: Town, words: Words) -> str:
    counted = Counter(account.role for account in town.accounts.all() if account.active)
    pairs = zip(Role, words.roles, strict=True)
    return "\n".join(f"   {name}: {counted[role]} {words.accounts}" for role, name in pairs)


def _raw_files(town: Town) -> int:
    count, last = 0, None
    while page := town.files.newest(PAGE, last):
        count += sum(file.kind in RECORDINGS and file.purged_s is None for file in page)
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
