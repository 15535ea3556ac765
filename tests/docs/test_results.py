"""docs/results.md and docs/layers.md name what is in the results, and nothing else."""

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any, get_args, get_origin, get_type_hints

import pytest

from roadscan.model.damage import Rejection
from roadscan.model.frame import FrameRejection
from roadscan.model.layers import LAYERS
from roadscan.model.score import NotScored
from roadscan.pipeline.demo_truth import KindCheck, TruthCheck
from roadscan.pipeline.match_track import MatchedFix, TrackOnNetwork
from roadscan.pipeline.run_record import RunRecord
from tests.docs.pages import ROOT, rows, section, text_of, words_in_code

RESULTS = text_of("docs/results.md")


def keys(record: Any, prefix: str = "") -> Iterator[str]:
    """Keys of a record as JSON writes it: a.b for a record inside, a[].b for a list of them."""
    for name, kind in get_type_hints(record).items():
        inner = [part for part in (kind, *get_args(kind)) if is_dataclass(part)]
        if not inner:
            yield prefix + name
        else:
            mark = "[]." if get_origin(kind) is tuple else "."
            yield from keys(inner[0], prefix + name + mark)


def first_column(title: str) -> set[str]:
    return set().union(*(words_in_code(row[0]) for row in rows(section(RESULTS, title))))


def test_every_key_of_run_json_is_described_and_every_one_described_is_there() -> None:
    described = first_column("run.json")
    there = set(keys(RunRecord))
    sync_of_a_drive = {key for key in there if key.startswith("drives[].sync.")}
    camera_of_a_drive = {key for key in there if key.startswith("drives[].camera.")}
    groups = {"drives[]", "drives[].sync", "drives[].camera", "sync", "faults[]"}
    assert described - groups == there - sync_of_a_drive - camera_of_a_drive
    assert groups <= described


def test_every_key_of_truth_check_json_is_described() -> None:
    assert first_column("truth_check.json") == {field.name for field in fields(TruthCheck)}
    assert {field.name for field in fields(KindCheck)} <= words_in_code(RESULTS)


def test_what_match_prints_is_described() -> None:
    text = section(text_of("docs/commands.md"), "roadscan match")
    for record in (TrackOnNetwork, MatchedFix):
        assert {field.name for field in fields(record)} <= words_in_code(text)


@pytest.mark.parametrize(
    ("where", "enum"), [("frame", FrameRejection), ("box", Rejection), ("segment", NotScored)]
)
def test_every_reason_is_explained(where: str, enum: Any) -> None:
    own = [row[1] for row in rows(section(RESULTS, "Reasons")) if row[0] == where]
    assert set().union(*map(words_in_code, own)) == {reason.value for reason in enum}


def test_reasons_of_segments_are_explained_where_scoring_is() -> None:
    table = rows(section(text_of("docs/scoring.md"), "What is missing"))
    told = set().union(*(words_in_code(row[0]) for row in table))
    assert {reason.value for reason in NotScored} <= told


def test_reasons_of_gaps_are_those_of_the_code() -> None:
    source = "".join(p.read_text(encoding="utf-8") for p in (ROOT / "roadscan/locate").glob("*.py"))
    for row in rows(section(RESULTS, "Reasons")):
        if row[0] in {"track", "match"}:
            assert f'"{row[1].strip("`")}"' in source


def test_warnings_are_those_of_the_code() -> None:
    package = ROOT / "roadscan"
    source = "".join(p.read_text(encoding="utf-8") for p in package.rglob("*.py"))
    for warning in first_column("Warnings"):
        assert re.search(rf'[" ]{re.escape(warning)}[":]', source), warning
    said = set(re.findall(r'warnings=\("(\w+)"', source)) | set(
        re.findall(r'warnings = \("(\w+)"', source)
    )
    assert said <= first_column("Warnings")


def test_every_layer_is_described() -> None:
    overview = rows(text_of("docs/layers.md").split("## ")[0])
    assert [row[0] for row in overview] == list(LAYERS)
