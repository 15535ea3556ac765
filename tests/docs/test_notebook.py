"""The notebook's cells run, one after the other, as somebody would run them."""

import json
import re
from functools import partial
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pytest

import roadscan
from tests.docs.pages import ROOT

NOTEBOOK = ROOT / "notebooks/first_look.ipynb"


def cells(kind: str) -> list[dict[str, Any]]:
    everything = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in everything if cell["cell_type"] == kind]


def test_the_notebook_runs_from_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Quickly: with replayed detections, few frames, a known clock; those are tested elsewhere."""
    replay = f"replay:{ROOT / 'data_samples/truth_boxes.jsonl'}"
    quick = partial(roadscan.run, model=replay, every_m=9.0, offset_s=1.4)
    monkeypatch.setattr(roadscan, "run", quick, raising=False)
    mpl.use("Agg")
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "data_samples").symlink_to(ROOT / "data_samples")
    monkeypatch.chdir(tmp_path / "notebooks")
    names: dict[str, Any] = {}
    for cell in cells("code"):
        exec("".join(cell["source"]), names)  # noqa: S102 -- it is our own notebook
    assert names["segments"]["score"].notna().any()
    assert (tmp_path / "out/notebook/roadscan.gpkg").is_file()


def test_the_notebook_shows_its_results_and_no_place_of_the_machine_that_made_them() -> None:
    first, *others = [cell["outputs"] for cell in cells("code")]
    assert not first
    assert all(others)
    shown = json.dumps(others)
    assert not re.search(r"/(?:home|root|tmp|Users)/", shown)


def test_the_notebook_says_that_it_shows_no_real_road() -> None:
    first = "".join(cells("markdown")[0]["source"])
    assert "rendered" in first
    assert "no real road" in first
