"""A run that was killed goes on where it was, and ends as if nothing had happened."""

import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults import killed
from tests.small_drive import SmallDrive, results_of


@dataclass(frozen=True)
class Undisturbed:
    files: dict[str, bytes]
    steps: list[str]

    def step(self, name: str, number: int = 0) -> int:
        """Return where in the run a step is taken for the n-th time."""
        return [k for k, step in enumerate(self.steps) if step == name][number]


@pytest.fixture(scope="module")
def undisturbed(small_drive: SmallDrive, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    out = tmp_path_factory.mktemp("undisturbed") / "out"
    steps = killed.run(small_drive, out)
    return Undisturbed(results_of(out), steps)


def test_steps_are_frames_commits_and_files(undisturbed: Undisturbed) -> None:
    assert undisturbed.steps.count("item") == 81
    assert undisturbed.steps.count("commit") >= 9
    replaced = [step for step in undisturbed.steps if step.startswith("replace ")]
    assert len(replaced) >= 7
    assert replaced[-1] == "replace run.json"


def test_killed_again_and_again_it_ends_the_same(
    small_drive: SmallDrive, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    step = undisturbed.step
    killed.run(small_drive, out, step("commit", 0))
    killed.run(small_drive, out, step("item", 10))
    killed.run(small_drive, out, step("item", 30))
    going_on = killed.run(small_drive, out)
    assert results_of(out) == undisturbed.files
    # one of the five chunks was done before the last kill, and is not done again
    assert "begin small.mp4 63" in going_on


def test_a_kill_between_any_two_steps_changes_nothing(
    small_drive: SmallDrive, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    draw = random.Random(8)  # noqa: S311 -- which steps, not secrets
    steps = range(len(undisturbed.steps))
    for number in sorted(draw.sample(steps, 3)):
        killed.run(small_drive, out / str(number), number)
        killed.run(small_drive, out / str(number))
        assert results_of(out / str(number)) == undisturbed.files


@pytest.mark.parametrize("name", ["roadscan.gpkg", "run.json"])
def test_a_kill_while_publishing_leaves_whole_files_and_the_next_run_the_right_ones(
    small_drive: SmallDrive, undisturbed: Undisturbed, tmp_path: Path, name: str
) -> None:
    out = tmp_path / "out"
    killed.run(small_drive, out, undisturbed.step(f"replace {name}"))
    for path, whole in undisturbed.files.items():
        there = out / path
        assert not there.exists() or there.read_bytes() == whole
    assert not (out / "run.json").exists()
    going_on = killed.run(small_drive, out)
    assert not any(step.startswith("begin small.mp4") for step in going_on)
    assert results_of(out) == undisturbed.files


def test_the_command_itself_killed_at_random_moments_ends_the_same(
    small_drive: SmallDrive, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    command = [str(Path(sys.executable).parent / "roadscan"), *small_drive.command(out)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    draw = random.Random(3)  # noqa: S311 -- moments, not secrets
    for _ in range(2):
        with subprocess.Popen(command, start_new_session=True, **quiet) as process:
            deadline_s = time.monotonic() + 60.0
            while not (out / "roadscan.db").exists() and time.monotonic() < deadline_s:
                time.sleep(0.01)
            time.sleep(draw.uniform(0.0, 0.8))
            os.kill(process.pid, signal.SIGKILL)
    subprocess.run(command, check=True, **quiet)
    assert results_of(out) == undisturbed.files
