"""What documents point at is there."""

import ast
import inspect
import re
import tomllib
from pathlib import Path

import pytest

import roadscan
from tests.docs.pages import PAGES, ROOT, anchors, fenced, name_of, text_of

FOLDERS = ("roadscan", "docs", "tests", "data_samples", "models", "training", "benchmarks")
PATHS = re.compile(rf"(?<![\w/.:-])(?:{'|'.join([*FOLDERS, 'notebooks'])})/[\w./*-]*\w")
PLACEHOLDERS = re.compile(r"/_|NAME|FILE|DIR")
"""Folders inside an installed package, and names that a user fills in."""


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_to_a_file_and_a_heading_of_it(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if link.startswith(("http://", "https://", "mailto:")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target.read_text(encoding="utf-8")), link


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_file_named_in_a_document_is_there(page: Path) -> None:
    for path in PATHS.findall(page.read_text(encoding="utf-8")):
        if not PLACEHOLDERS.search(path):
            assert list(ROOT.glob(path)) or list(page.parent.glob(path)), path


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_python_in_a_document_is_python_and_calls_run_as_it_is(page: Path) -> None:
    parameters = inspect.signature(roadscan.run)
    for block in fenced(page.read_text(encoding="utf-8"), "python"):
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "roadscan.run":
                parameters.bind(*node.args, **{k.arg: k.value for k in node.keywords if k.arg})


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_toml_in_a_document_is_toml(page: Path) -> None:
    for block in fenced(page.read_text(encoding="utf-8"), "toml"):
        tomllib.loads(block)


def test_the_readme_is_short() -> None:
    assert len(text_of("README.md").split()) <= 600


def test_pictures_of_the_documents_are_small_and_shown() -> None:
    shown = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    for picture in (ROOT / "docs/images").iterdir():
        assert picture.stat().st_size < 400_000
        assert picture.name in shown


def test_the_tasks_of_the_makefile_are_those_that_contributors_are_told_of() -> None:
    makefile = text_of("Makefile")
    (phony,) = re.findall(r"^\.PHONY: (.+)$", makefile, flags=re.MULTILINE)
    told = set(re.findall(r"`make ([a-z-]+)`", text_of("CONTRIBUTING.md")))
    assert told == set(phony.split()) - {"help"}
    helped = set(re.findall(r'@echo "make ([a-z-]+) ', makefile))
    assert helped == told
    for page in PAGES:
        named = re.findall(r"(?:`|^)make ([a-z-]+)", page.read_text(encoding="utf-8"), re.MULTILINE)
        assert set(named) <= told


def test_every_setting_of_the_environment_is_documented_and_read_somewhere() -> None:
    folders = (ROOT / name for name in ("roadscan", "tests", "benchmarks", "training"))
    files = (path for folder in folders for path in folder.rglob("*.py"))
    source = "".join(p.read_text(encoding="utf-8") for p in files if p.parent.name != "docs")
    read = set(re.findall(r"\bROADSCAN_[A-Z_]+\b", source))
    told = set(re.findall(r"\bROADSCAN_[A-Z_]+\b", "".join(p.read_text() for p in PAGES)))
    assert told == read


def test_the_model_named_in_the_readme_is_the_default_one() -> None:
    default = next(p for p in (ROOT / "models").glob("*/model.toml") if _is_default_damage(p))
    settings = tomllib.loads(default.read_text(encoding="utf-8"))
    shown = f"by {settings['name']}-{settings['version']}/"
    assert shown in text_of("README.md"), "its figures are those of another model: make demo"


def _is_default_damage(path: Path) -> bool:
    settings = tomllib.loads(path.read_text(encoding="utf-8"))
    return bool(settings.get("default")) and settings.get("task", "damage") == "damage"
