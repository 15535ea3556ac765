"""Run the rendered sample drive and compare the results with its ground truth."""

from dataclasses import dataclass
from filecmp import cmp
from pathlib import Path
from shutil import copyfile

from roadscan.assess.segmentation import segments_of
from roadscan.errors import RoadscanError
from roadscan.pipeline.demo_truth import TruthCheck, check_against_truth
from roadscan.pipeline.progress import Progress
from roadscan.pipeline.run import RunResult, run
from roadscan.pipeline.run_record import write_atomically
from roadscan.pipeline.scheme import load_scheme
from roadscan.read.network import read_network

SCHEME = "ap9k"
SAMPLES = ("drive.mp4", "drive.gpx", "network.geojson", "camera.toml", "truth.geojson")
_PACKAGE = Path(__file__).resolve().parent.parent
_PLACES = (_PACKAGE / "_samples", _PACKAGE.parent / "data_samples")
"""Where the sample drive lies in an installed package, and in a checkout."""


@dataclass(frozen=True, slots=True)
class DemoResult:
    """A run of the sample drive and its accuracy."""

    run: RunResult
    truth: TruthCheck


def sample_folder() -> Path:
    """Return the folder of the sample drive; `file_missing` if it is not installed."""
    for folder in _PLACES:
        if (folder / "drive.mp4").is_file():
            return folder
    raise RoadscanError(
        "file_missing", "the sample drive is not part of this installation", "Install roadscan anew"
    )


def copy_samples(folder: Path) -> tuple[Path, ...]:
    """Copy the sample drive's files into a folder, for trying commands on them.

    Raises
    ------
    RoadscanError
        `output_not_writable`, also for a file of the same name and other content.
    """
    copies = []
    for source in sorted(sample_folder() / name for name in SAMPLES):
        copy = folder / source.name
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if copy.exists() and not cmp(source, copy, shallow=False):
                raise RoadscanError(
                    "output_not_writable", f"{copy} is another file", "Name another folder"
                )
            copyfile(source, copy)
        except OSError as error:
            raise RoadscanError(
                "output_not_writable", f"{copy}: {error.strerror}", "Name another folder"
            ) from error
        copies.append(copy)
    return tuple(copies)


def run_demo(out: Path, progress: Progress) -> DemoResult:
    """Run the sample drive and write truth_check.json beside its results."""
    samples = sample_folder()
    result = run(
        [samples / "drive.mp4"],
        network=samples / "network.geojson",
        track=samples / "drive.gpx",
        out=out,
        survey="Sample drive (rendered)",
        camera=samples / "camera.toml",
        scheme=SCHEME,
        progress=progress,
    )
    scheme = load_scheme(SCHEME)
    network = read_network(samples / "network.geojson", scheme.lane_width_m)
    truth = check_against_truth(
        samples / "truth.geojson",
        result.out / "roadscan.gpkg",
        network,
        segments_of(network, scheme),
        scheme,
    )
    write_atomically(out / "truth_check.json", truth.as_json())
    return DemoResult(result, truth)
