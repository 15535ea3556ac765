"""What all tests share: the folder of real material, or a skip that says how to name it."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

from tests.small_drive import SmallDrive, write_small_drive

# how long an example takes is the machine's matter, and no test's
settings.register_profile("roadscan", deadline=None)
settings.load_profile("roadscan")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of real pictures, videos, tracks and maps."""
    folder = os.environ.get("ROADSCAN_REAL_DATA")
    if not folder:
        pytest.skip("real material not named: set ROADSCAN_REAL_DATA to its folder")
    return Path(folder)


@pytest.fixture(scope="session")
def small_drive(tmp_path_factory: pytest.TempPathFactory) -> SmallDrive:
    """Files of a short drive that a run takes a second for."""
    return write_small_drive(tmp_path_factory.mktemp("small_drive"))
