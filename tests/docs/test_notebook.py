"""The notebook's cells run, one after the other, as somebody would run them."""

import ast
import json
import re
from functools import partial
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pandas as pd
import pytest

import roadscan
from tests.docs.pages import ROOT, same_but_for_rounding

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


@pytest.mark.skipif(not (ROOT / "out/demo/run.json").is_file(), reason="make demo was not run here")
def test_the_notebook_shows_what_this_version_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    """The cells after the first, on the demo's results, which are of the same drive."""
    mpl.use("Agg")
    result = roadscan.open_result(ROOT / "out/demo")
    names: dict[str, Any] = {"roadscan": roadscan, "result": result, "segments": result.segments}
    for cell in cells("code")[1:]:
        *lines, last = ast.parse("".join(cell["source"])).body
        assert isinstance(last, ast.Expr)
        exec(compile(ast.Module(lines, []), "cell", "exec"), names)  # noqa: S102 -- our own notebook
        now = eval(compile(ast.Expression(last.value), "cell", "eval"), names)  # noqa: S307
        (shown,) = (out for out in cell["outputs"] if out["output_type"] == "execute_result")
        text = "".join(shown["data"]["text/plain"])
        with pd.option_context("display.width", 80, "display.max_columns", 20):
            assert same_but_for_rounding(text, repr(now)), "run: make notebook"
