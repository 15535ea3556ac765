"""What pyproject.toml promises: bounds that were tried, nothing undeclared, nothing unused."""

import ast
import re
import sys
import tomllib
from pathlib import Path

import pytest

from roadscan.detect.model_folder import ModelSettings, list_models

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
BASE = PROJECT["project"]["dependencies"]
EXTRAS = PROJECT["project"]["optional-dependencies"]
WHEEL = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]

# Tried together; outside of them an interface that is used here has changed, or nobody has looked.
BOUNDS = {
    "numpy": ">=2,<3",
    "av": ">=18,<19",
    "openvino": ">=2025.0",
    "sqlalchemy": ">=2.0.21,<3",
    "alembic": ">=1.13,<2",
    "cachetools": ">=6.2,<9",
    "pydantic": ">=2.10,<3",
    "opencv-python-headless": ">=4.10,<6",
    "shapely": ">=2.1,<3",
    "pyproj": ">=3.7,<4",
    "pyogrio": ">=0.11,<1",
    "geopandas": ">=1.1,<2",
    "osmium": ">=4,<5",
    "defusedxml": ">=0.7.1,<1",
    "pynmea2": ">=1.19,<2",
    "fitdecode": ">=0.11,<1",
    "matplotlib": ">=3.9,<4",
    "ultralytics": ">=8.4.190,<8.5",
    "torch": ">=2.13",
}
IMPORTED_AS = {"opencv-python-headless": "cv2", "pyyaml": "yaml"}
OF_EXTRAS = {"torch", "ultralytics", "psycopg"}
"""Imported where they are used, and only if they are there."""


def bounds(requirements: list[str]) -> dict[str, str]:
    pairs = (re.fullmatch(r"([\w-]+)(?:\[[\w,]+\])?(.*)", line) for line in requirements)
    return {found[1].lower(): found[2] for found in pairs if found is not None}


def imported(folder: Path) -> set[str]:
    trees = (ast.parse(path.read_text(encoding="utf-8")) for path in folder.rglob("*.py"))
    nodes = [node for tree in trees for node in ast.walk(tree)]
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {
        node.module
        for node in nodes
        if isinstance(node, ast.ImportFrom) and node.module and not node.level
    }
    return {name.split(".")[0] for name in names} - set(sys.stdlib_module_names) - {"roadscan"}


@pytest.mark.parametrize("package", BOUNDS)
def test_a_dependency_has_the_bounds_that_were_tried(package: str) -> None:
    declared = bounds(BASE) | bounds(EXTRAS["yolo"])
    assert declared[package] == BOUNDS[package]


def test_the_base_declares_what_it_imports_and_imports_what_it_declares() -> None:
    rooms = (p for p in (ROOT / "roadscan").iterdir() if p.is_dir() and p.name != "serve")
    used = set().union(*map(imported, rooms)) - OF_EXTRAS
    of_serve = {name.replace("-", "_") for name in bounds(EXTRAS["serve"])}
    assert used - of_serve == {IMPORTED_AS.get(name, name) for name in bounds(BASE)}


def test_no_torch_is_in_the_base() -> None:
    assert not {"torch", "torchvision", "ultralytics"} & bounds(BASE).keys()


@pytest.mark.parametrize("model", [m for m in list_models() if m.default], ids=lambda m: m.name)
def test_a_default_model_travels_in_the_wheel(model: ModelSettings) -> None:
    assert WHEEL[f"models/{model.name}"] == f"roadscan/_models/{model.name}"


def test_the_sample_drive_travels_in_the_wheel() -> None:
    demo = (ROOT / "roadscan/pipeline/demo.py").read_text(encoding="utf-8")
    files = set(re.findall(r'samples / "([\w.]+)"', demo))
    assert files
    for name in files:
        assert WHEEL[f"data_samples/{name}"] == f"roadscan/_samples/{name}"


def test_what_the_wheel_is_told_to_include_is_there() -> None:
    assert all((ROOT / path).exists() for path in WHEEL)
