"""What the README and the page of commands show can be run, on files with the names they use."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import matplotlib as mpl
import pytest

from roadscan.cli.app import exit_code
from roadscan.pipeline.erase import drives_in_folder
from roadscan.serve.settings import ServeSettings
from roadscan.serve.town import open_town
from tests.docs.pages import ROOT, fenced, text_of
from tests.docs.test_commands import command_lines
from tests.small_drive import SmallDrive, write_network

LEFT_OUT = {
    "roadscan serve": "runs until it is stopped",
    "roadscan upload": "needs a service that runs",
    "roadscan model evaluate": "needs labelled pictures",
    "roadscan run data_samples": "make demo runs it",
    "roadscan demo": "make demo runs it",
    "roadscan run x.mp4": "shows a failure; the block is compared",
}
"""Beginnings of command lines that are not run here, and why."""
COMMAND = Path(sys.executable).parent / "roadscan"
"""A worker ends the process that it ran in."""
MADE_UP_ID = "2f5a6a1f0d7c9b3e"
"""The drive's id in the documents."""


@pytest.fixture(scope="module")
def workspace(
    small_drive: SmallDrive, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Path, pytest.MonkeyPatch]]:
    """Make the files that the documents name, and go there."""
    folder = tmp_path_factory.mktemp("newcomer")
    samples = ROOT / "data_samples"
    (folder / "data_samples").symlink_to(samples)
    for name in ("drive.mp4", "drive.gpx"):
        (folder / name).symlink_to(samples / name)
    (folder / "roads.geojson").symlink_to(samples / "network.geojson")
    write_network(folder / "roads-2027.geojson")
    (folder / "areas.geojson").write_text(
        '{"type": "Polygon", "coordinates": [[[13, 51], [13.1, 51], [13.1, 51.1], [13, 51]]]}'
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert exit_code(small_drive.command(folder / "out/demo")) == 0
        with open_town(ServeSettings(data=Path("town"))) as town:
            assert not town.queue.under_way()
        yield folder, patch


def here(text: str) -> str:
    """Replace what only a reader has: a GeoPackage of roads."""
    return text.replace("roads.gpkg", "roads.geojson").replace("2027.gpkg", "2027.geojson")


@pytest.mark.parametrize("page", ["README.md", "docs/results.md", "docs/layers.md"])
def test_the_python_of_a_page_runs(workspace: tuple[Path, pytest.MonkeyPatch], page: str) -> None:
    mpl.use("Agg")
    blocks = fenced(text_of(page), "python")
    assert blocks
    for block in blocks:
        exec(here(block), {})  # noqa: S102 -- our own documents


@pytest.mark.parametrize("page", ["README.md", "docs/commands.md"])
def test_the_commands_of_a_page_run(
    workspace: tuple[Path, pytest.MonkeyPatch], page: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for line in command_lines(text_of(page)):
        if any(line.startswith(beginning) for beginning in LEFT_OUT):
            continue
        words = here(line).split("#")[0].split()[1:]
        if MADE_UP_ID in words:
            (known,) = drives_in_folder(Path("out/demo"))
            words[words.index(MADE_UP_ID)] = known.drive.drive_id
        code = subprocess.call([COMMAND, *words]) if words[0] == "work" else exit_code(words)
        assert code == 0, (line, capsys.readouterr().err)


def test_nothing_is_left_out_that_no_page_shows() -> None:
    shown = [
        line for page in ("README.md", "docs/commands.md") for line in command_lines(text_of(page))
    ]
    for beginning in LEFT_OUT:
        assert any(line.startswith(beginning) for line in shown), beginning
