"""Fixtures of all tests: real material, the small drive, and the databases that a test runs on."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

from tests.databases import DATABASES
from tests.small_drive import SmallDrive, write_small_drive

# Examples take longer on a busy machine, which says nothing about the code. Where a change is
# judged the same examples are tried each time, so that it stands or falls by itself.
os.environ.setdefault("ROADSCAN_CACHE", "")  # nothing of a test outlasts it
settings.register_profile("roadscan", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("roadscan")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test of the service on SQLite, and on PostGIS too if its subject depends on SQL."""
    if "database" in metafunc.fixturenames:
        both = metafunc.definition.get_closest_marker("both_databases")
        metafunc.parametrize("database", DATABASES if both else DATABASES[:1], indirect=True)


@pytest.fixture(scope="session")
def database(request: pytest.FixtureRequest) -> str:
    """Return which database the test runs on."""
    return str(request.param)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Return the folder of real pictures, videos, tracks and maps, or skip."""
    folder = os.environ.get("ROADSCAN_REAL_DATA")
    if not folder:
        pytest.skip("real material not named: set ROADSCAN_REAL_DATA to its folder")
    return Path(folder)


@pytest.fixture(scope="session")
def small_drive(tmp_path_factory: pytest.TempPathFactory) -> SmallDrive:
    """Write the files of a short drive, which runs in a second."""
    return write_small_drive(tmp_path_factory.mktemp("small_drive"))
