"""Speed and memory of `roadscan run`: a table for docs/speed.md.

python -m benchmarks.drive [--runs 3] [--keep FOLDER] [--peer-python PYTHON]

Runs `roadscan run` and, in turn, `ultralytics predict` of the same weights on the same number of
frames of the same video, each in a separate process, and once a drive four times as long. Ratios
are taken pair by pair, so that other load on the machine slows both.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from benchmarks.drive_video import FRAMES_PER_S, SPEED_MPS, BenchDrive, make_drive

ROOT = Path(__file__).resolve().parents[1]
EVERY_M = 3.0
SECONDS, LONG_SECONDS = 120, 480
SAMPLE_S = 0.2
DECODING = ("decode", "clock_decode")
NETWORK = ("detect",)


@dataclass(frozen=True)
class Measured:
    """A finished command: wall and processor seconds, memory, and its output."""

    wall_s: float
    cpu_s: float
    peak_mib: float
    """Parent and children at one moment; pages that they share are counted once."""
    said: dict[str, Any]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--keep", type=Path, help="folder to keep the videos in, for another run")
    parser.add_argument("--peer-python", default=sys.executable, help="with torch and ultralytics")
    parser.add_argument("--no-peer", action="store_true")
    parser.add_argument("--privacy-model", default="", help='"none" leaves the second network out')
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="roadscan-bench-") as temporary:
        folder = given.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        drive, long_drive = make_drive(folder, SECONDS), make_drive(folder, LONG_SECONDS)
        ours, peers = [], []
        for number in range(given.runs):
            ours.append(_roadscan(drive, Path(temporary) / f"out{number}", given.privacy_model))
            if not given.no_peer:
                peers.append(_peer(drive, given.peer_python))
        long_run = _roadscan(long_drive, Path(temporary) / "out-long", given.privacy_model)
    _print(drive, ours, peers, long_run)


def _roadscan(drive: BenchDrive, out: Path, privacy_model: str) -> Measured:
    files = {"--network": drive.network, "--track": drive.track, "--camera": drive.camera}
    command = [str(Path(sys.executable).with_name("roadscan")), "run", str(drive.video), "--json"]
    command += ["--out", str(out), "--every-m", str(EVERY_M)]
    command += ["--privacy-model", privacy_model] if privacy_model else []
    for option, path in files.items():
        command += [option, str(path)]
    return _measure(command)


def _peer(drive: BenchDrive, python: str) -> Measured:
    folder = next(
        path.parent
        for path in sorted(ROOT.glob("models/*/model.toml"))
        if _finds_damage(tomllib.loads(path.read_text("utf-8")))
    )
    stride = round(EVERY_M / SPEED_MPS * FRAMES_PER_S)
    script = ROOT / "benchmarks" / "peer.py"
    return _measure([python, str(script), str(folder), str(drive.video), str(stride)])


def _finds_damage(settings: dict[str, Any]) -> bool:
    return bool(settings.get("default")) and settings.get("task", "damage") == "damage"


def _measure(command: Sequence[str]) -> Measured:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    with tempfile.TemporaryFile() as answer:
        process = subprocess.Popen(command, stdout=answer, stderr=subprocess.DEVNULL)
        peak = 0
        while process.poll() is None:
            peak = max(peak, _memory(process.pid))
            time.sleep(SAMPLE_S)
        wall_s = time.perf_counter() - began
        if process.returncode:
            raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
        answer.seek(0)
        said = json.loads(answer.read())
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Measured(wall_s, cpu_s, peak / 2**20, said)


def _memory(pid: int) -> int:
    """Return the bytes that a process and its children hold."""
    total = 0
    try:
        parent = psutil.Process(pid)
        for process in (parent, *parent.children(recursive=True)):
            info = process.memory_full_info()
            total += getattr(info, "pss", 0) or info.uss
    except psutil.Error:
        pass  # it ended meanwhile
    return total


def _print(
    drive: BenchDrive, ours: list[Measured], peers: list[Measured], long_run: Measured
) -> None:
    timings = [run.said["timings_s"] for run in ours]
    inside = [
        sum(t.get(name, 0.0) for name in (*DECODING, *NETWORK)) / run.wall_s
        for t, run in zip(timings, ours, strict=True)
    ]
    rows = [
        ("real-time factor, whole process", "x", [drive.seconds / run.wall_s for run in ours]),
        ("real-time factor in run.json", "x", [run.said["realtime_factor"] for run in ours]),
        ("wall time", "s", [run.wall_s for run in ours]),
        ("processor time", "s", [run.cpu_s for run in ours]),
        ("wall time inside decoding and network", "%", [100 * share for share in inside]),
        ("peak memory, parent and children", "MiB", [run.peak_mib for run in ours]),
        ("the same, 4 x as long", "MiB", [long_run.peak_mib]),
        ("real-time factor, 4 x as long", "x", [LONG_SECONDS / long_run.wall_s]),
    ]  # fmt: skip
    if peers:
        ratio = [peer.wall_s / run.wall_s for run, peer in zip(ours, peers, strict=True)]
        work = [peer.cpu_s / run.cpu_s for run, peer in zip(ours, peers, strict=True)]
        loop = [peer.said["predict_s"] for peer in peers]
        rows += [
            ("ultralytics predict, wall time", "s", [peer.wall_s for peer in peers]),
            ("... of it after imports and loading", "s", loop),
            ("... processor time", "s", [peer.cpu_s for peer in peers]),
            ("... peak memory", "MiB", [peer.peak_mib for peer in peers]),
            ("roadscan is faster by, wall time", "x", ratio),
            ("roadscan is faster by, processor time", "x", work),
        ]
    frames = ours[0].said["frames"]
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {len(ours)} runs, median:")
    print(f"{drive.seconds:.0f} s of video, {frames['usable']} frames looked at", end="")
    print(f" (peer: {peers[0].said['frames']})" if peers else "", end="\n\n")
    print("| what | median | least | most |\n|---|---:|---:|---:|")
    for name, unit, values in rows:
        print(_row(name, unit, values))
    for stage in timings[0]:
        print(_row(f"stage {stage}", "s", [t[stage] for t in timings]))


def _row(name: str, unit: str, values: Sequence[float]) -> str:
    shown = [statistics.median(values), min(values), max(values)]
    cells = " | ".join(f"{value:.2f}" for value in shown)
    return f"| {name} ({unit}) | {cells} |"


if __name__ == "__main__":
    main()
