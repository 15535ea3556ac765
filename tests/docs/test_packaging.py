"""What pyproject.toml promises: bounds that were tried, nothing undeclared, nothing unused."""

import ast
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from roadscan.detect.model_folder import ModelSettings, list_models
from roadscan.pipeline.demo import SAMPLES

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
    for name in SAMPLES:
        assert WHEEL[f"data_samples/{name}"] == f"roadscan/_samples/{name}"


def test_what_the_wheel_is_told_to_include_is_there() -> None:
    assert all((ROOT / path).exists() for path in WHEEL)


PROGRAM = """
import roadscan

try:
    result = roadscan.run(
        "drive.mp4",
        network="roads.gpkg",
        out="out",
        mapping=roadscan.NetworkMapping(street=("STR_NAME",)),
        scheme=roadscan.load_scheme("ap9k").id,
    )
except roadscan.RoadscanError as error:
    raise SystemExit(error.hint) from error
result = roadscan.open_result(result.out)
found: dict[str, int] = result.classes()
with roadscan.open_store("out") as store:
    names: tuple[str, ...] = tuple(store.surveys())
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel as a user's pip does, and unpack it."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir"]
    built = subprocess.run([*pip, folder, ROOT], capture_output=True, text=True, check=False)
    if built.returncode:
        pytest.skip(f"pip cannot build a wheel here: {built.stderr.strip()[-200:]}")
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def test_the_wheel_has_types_and_a_program_of_its_public_names_is_well_typed(
    installed: Path, tmp_path: Path
) -> None:
    pytest.importorskip("mypy", reason="mypy is not installed")
    assert (installed / "roadscan/py.typed").is_file()
    (tmp_path / "program.py").write_text(PROGRAM)
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", "program.py"],
        cwd=tmp_path,
        env=os.environ | {"MYPYPATH": str(installed)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout


def test_help_shows_the_public_functions_of_the_wheel(installed: Path, tmp_path: Path) -> None:
    shown = subprocess.run(
        [sys.executable, "-c", "import roadscan; print(roadscan.__file__); help(roadscan)"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(installed), "PAGER": "cat"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert shown.startswith(str(installed))
    for name, says in (
        ("run(videos:", "Turn the videos of a survey into scored segments"),
        ("open_result(out:", "Open the finished results of a folder again"),
        ("open_store(folder:", "Open the store of a folder"),
        ("load_scheme(name_or_path:", "Return a scheme that comes with roadscan"),
        ("class NetworkMapping", "Column names by meaning"),
    ):
        assert name in shown
        assert says in shown
