"""Throughput of database and queue (drives per minute) while workers are killed.

python -m benchmarks.scale [--drives 200] [--workers 1 2 4] [--kill-every 20] [--json FILE]

Starts a PostgreSQL server for the run. Each round creates a town in its own database, uploads the
sample drive so many times, each copy with different bytes (a title) and only its key frames, and
replays the true boxes: no network is run, hardly anything is decoded. One worker after the other is
killed and restarted, each time when all have been working for so many seconds, because a start can
take longer than that on a busy machine. At the end the store is compared with one drive that was
processed undisturbed: what is missing is lost, what is too much is doubled.
"""

import argparse
import hashlib
import json
import math
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import av
from sqlalchemy import Engine, create_engine, func, make_url, select, text

from roadscan.serve.jobs.kinds.drive import DriveRequest
from roadscan.serve.jobs.kinds.network import NetworkRequest
from roadscan.serve.queue.job_queue import JobQueue
from roadscan.serve.settings import ServeSettings
from roadscan.serve.start import DATABASE
from roadscan.serve.town import jobs_url, open_town, upload_limits
from roadscan.serve.uploads.upload_storage import UploadStorage
from roadscan.store import tables
from roadscan.store.rescoring import Scorings
from roadscan.store.store import Store
from roadscan.store.tables import pictures
from tests.throwaway_postgres import throwaway_postgres

SAMPLES = Path(__file__).parents[1] / "data_samples"
DRIVES_PER_SURVEY = 10
EVERY_M = 12.0
LOOK_S = 0.5
STUCK_S = 300.0
"""A round without a worker starting or a step ending for so long has failed."""
STEPS = ("plan_drive", "work_chunk", "join_survey", "score_survey")
_STATES = "SELECT status, count(*) FROM dbos.workflow_status WHERE name = 'drive' GROUP BY status"
_STEPS = """
SELECT function_name, count(*), sum(completed_at_epoch_ms - started_at_epoch_ms) / 1000.0
FROM dbos.operation_outputs WHERE function_name = ANY(:names) GROUP BY function_name
"""
_MOVED = "SELECT count(*) FROM dbos.operation_outputs"
_NONE = (0, 0.0)
_SIZE = "SELECT pg_database_size(current_database())"


@dataclass(frozen=True, slots=True)
class Round:
    """Results of a round with a number of workers."""

    workers: int
    drives: int
    kills: int
    load: float
    """Load of the machine at the end, including these workers."""
    wall_s: float
    lost: int
    doubled: int
    step_s: dict[str, float]
    steps: dict[str, int]
    store_s: float
    queue_s: float
    database_bytes: int

    @property
    def drives_per_minute(self) -> float:
        """Drives per minute."""
        return self.drives / self.wall_s * 60.0

    def share(self, spent_s: float) -> float:
        """Return a share of the workers' time."""
        return spent_s / (self.wall_s * self.workers)


@dataclass(frozen=True, slots=True)
class DriveTotals:
    """Rows and sums of a drive in the store, which a chunk done twice would change."""

    chunks: int
    planned: int
    detections: int
    observed: int
    observations: int
    grids: int
    pictures: int


class StuckError(Exception):
    """There is no progress, or a worker exited without being killed."""


@dataclass(frozen=True, slots=True)
class Hand:
    """A worker's process, and the file that it creates when it is working."""

    process: "subprocess.Popen[bytes]"
    at_work: Path

    def check(self) -> None:
        """Raise `StuckError` if it exited by itself."""
        if self.process.poll() is not None:
            raise StuckError(f"a worker ended by itself: {self.process.returncode}")

    def end(self, number: signal.Signals) -> None:
        """Send it a signal and wait for its exit."""
        self.process.send_signal(number)
        self.process.wait()


class Bench:
    """A town with uploaded drives, and its workers."""

    def __init__(self, settings: ServeSettings) -> None:
        self.settings = settings
        self.queue = JobQueue(jobs_url(settings))
        self.engine: Engine = create_engine(jobs_url(settings))
        self._storage = UploadStorage(settings.data, upload_limits(settings))
        self._accounts = 0

    def send_in(self, path: Path) -> str:
        """Store a file as if uploaded; return its checksum."""
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        kept = self._storage.path_of(sha256)
        kept.parent.mkdir(parents=True, exist_ok=True)
        if not kept.exists():
            os.link(path, kept)
        return sha256

    def begin_work(self) -> Hand:
        """Start a worker."""
        self._accounts += 1
        account = self.settings.data / f"account-{self._accounts}.json"
        command = [sys.executable, "-m", "benchmarks.scale_worker", str(self.settings.data)]
        process = subprocess.Popen(
            [*command, str(account)], env=os.environ | {DATABASE: self.settings.database}
        )
        return Hand(process, account.with_suffix(".at_work"))

    def wait_until(self, happened: Callable[[], bool], crew: list[Hand]) -> None:
        """Wait as long as there is progress; raises `StuckError`."""
        seen, since = -1, time.monotonic()
        while not happened():
            for hand in crew:
                hand.check()
            with self.engine.connect() as db:
                moved = int(db.scalar(text(_MOVED)) or 0)
            moved += len(list(self.settings.data.glob("account-*.at_work")))
            if moved != seen:
                seen, since = moved, time.monotonic()
            elif time.monotonic() - since > STUCK_S:
                raise StuckError(f"nothing has got on for {STUCK_S:.0f} s")
            time.sleep(LOOK_S)

    def finished(self) -> int:
        """Return the number of finished drives, successful or not; the last when all are scored."""
        with self.engine.connect() as db:
            states = dict(db.execute(text(_STATES)).all())
        ended = sum(states.values()) - states.get("ENQUEUED", 0) - states.get("PENDING", 0)
        return ended - bool(Scorings(self.engine, time.time).outstanding())

    def spent_s(self) -> Counter[str]:
        """Return the time that all workers spent in the database, and reset it."""
        total: Counter[str] = Counter()
        for account in self.settings.data.glob("account-*.json"):
            total.update(json.loads(account.read_text() or "{}"))
            account.unlink()
        return total


def measure(server: str, clips: list[Path], workers: int, kill_every_s: float, data: Path) -> Round:
    """Run so many workers on copies of one drive."""
    name = f"scale_{workers}"
    _make_database(server, name)
    address = make_url(server).set(database=name).render_as_string(hide_password=False)
    bench = Bench(ServeSettings(data=data, database=address))
    network_sha256, expected = _reference(bench, clips[0])
    before = bench.finished()
    for k, clip in enumerate(clips[1:]):
        bench.queue.submit(_request(bench, clip, network_sha256, f"S{k // DRIVES_PER_SURVEY:03}"))
    drives = len(clips) - 1
    earlier, empty_bytes = _steps(bench.engine)
    begin = time.monotonic()
    kills = _work(bench, workers, before + drives, kill_every_s)
    wall_s = time.monotonic() - begin
    spent = bench.spent_s()
    steps, full_bytes = _steps(bench.engine)
    with open_town(bench.settings) as town:
        lost, doubled = _held_against(town.store, drives, expected)
    bench.queue.close()
    bench.engine.dispose()
    return Round(
        workers,
        drives,
        kills,
        os.getloadavg()[0],
        wall_s,
        lost,
        doubled,
        {step: steps.get(step, _NONE)[1] - earlier.get(step, _NONE)[1] for step in STEPS},
        {step: steps.get(step, _NONE)[0] - earlier.get(step, _NONE)[0] for step in STEPS},
        spent["store"],
        spent["queue"],
        full_bytes - empty_bytes,
    )


def _steps(engine: Engine) -> tuple[dict[str, tuple[int, float]], int]:
    """Return how many steps there were and how long they took, and the size of the database."""
    with engine.connect() as db:
        told = db.execute(text(_STEPS), {"names": list(STEPS)})
        steps = {step: (count, float(spent)) for step, count, spent in told}
        return steps, int(db.scalar(text(_SIZE)) or 0)


def _reference(bench: Bench, clip: Path) -> tuple[str, DriveTotals]:
    """Read the network and process one drive undisturbed; return its totals."""
    sha256 = bench.send_in(SAMPLES / "network.geojson")
    job_id = bench.queue.submit(NetworkRequest(file_sha256=sha256, file_name="network.geojson"))
    worker = bench.begin_work()
    bench.wait_until(lambda: bench.queue.job(job_id).done is not None, [worker])
    done = bench.queue.job(job_id).done
    if done is None or done.failure:
        raise SystemExit(f"the network could not be read: {done}")
    network_sha256 = str(done.facts["network_sha256"])
    job_id = bench.queue.submit(_request(bench, clip, network_sha256, "reference"))
    bench.wait_until(
        lambda: bench.queue.job(job_id).done is not None and bench.finished() > 0, [worker]
    )
    worker.end(signal.SIGTERM)
    bench.spent_s()
    with open_town(bench.settings) as town:
        (key,) = town.store.survey("reference").drives
        expected = _totals_by_drive(town.store)[key.drive_id]
    if not expected.chunks or not expected.observed:
        raise SystemExit(f"the reference drive left nothing to compare: {expected}")
    return network_sha256, expected


def _work(bench: Bench, workers: int, until: int, kill_every_s: float) -> int:
    """Keep workers running until so many drives have finished; return the number of kills."""
    crew = [bench.begin_work() for _ in range(workers)]
    kills, all_since, told = 0, math.inf, ""

    def is_done() -> bool:
        nonlocal kills, all_since, told
        if not all(hand.at_work.exists() for hand in crew):
            all_since = math.inf
        elif math.isinf(all_since):
            all_since = time.monotonic()
        elif kill_every_s and time.monotonic() - all_since >= kill_every_s:
            crew[kills % workers].end(signal.SIGKILL)
            crew[kills % workers] = bench.begin_work()
            kills += 1
        left = until - bench.finished()
        if told != (told := f"{workers} workers, {kills} killed: {left} drives left"):
            print(f"\r{told} ", end="", flush=True)
        return left <= 0

    try:
        bench.wait_until(is_done, crew)
    except StuckError as error:
        print(f"\n{error}: the rest counts as lost")
    finally:
        for hand in crew:
            hand.process.terminate()
        for hand in crew:
            hand.process.wait()
    print()
    return kills


def _held_against(store: Store, drives: int, expected: DriveTotals) -> tuple[int, int]:
    """Return the number of drives that are missing or incomplete, and that are doubled."""
    found = _totals_by_drive(store)
    listed = [
        key.drive_id
        for survey in store.surveys()
        if survey != "reference"
        for key in store.survey(survey).drives
    ]
    whole = asdict(expected)
    doubled = len(listed) - len(set(listed))
    lost = drives - len(set(listed))
    for drive_id in set(listed):
        left = asdict(found[drive_id])
        doubled += any(left[name] > whole[name] for name in whole)
        lost += any(left[name] < whole[name] for name in whole)
    return lost, doubled


def _totals_by_drive(store: Store) -> dict[str, DriveTotals]:
    chunks = tables.chunks.c
    sums = [func.sum(chunks[name]) for name in ("planned", "detections", "observed")]
    with store.engine.connect() as db:
        per_drive = db.execute(
            select(chunks.drive_id, func.count(), *sums).group_by(chunks.drive_id)
        ).all()
        rows = [
            dict(
                db.execute(select(table.c.drive_id, func.count()).group_by(table.c.drive_id)).all()
            )
            for table in (tables.observations, tables.grids, pictures)
        ]
    return {
        drive_id: DriveTotals(n, *map(int, totals), *(count.get(drive_id, 0) for count in rows))
        for drive_id, n, *totals in per_drive
    }


def _request(bench: Bench, clip: Path, network_sha256: str, survey: str) -> DriveRequest:
    return DriveRequest(
        survey=survey,
        video_sha256=bench.send_in(clip),
        video_name=clip.name,
        track_sha256=bench.send_in(SAMPLES / "drive.gpx"),
        track_name="drive.gpx",
        camera_sha256=bench.send_in(SAMPLES / "camera.toml"),
        network_sha256=network_sha256,
        model=f"replay:{SAMPLES / 'truth_boxes.jsonl'}",
        offset_s=1.4,
        every_m=EVERY_M,
    )


def _make_clips(folder: Path, count: int) -> list[Path]:
    """Write copies of the sample drive, key frames only, each with its own title."""
    with av.open(str(SAMPLES / "drive.mp4")) as source:
        stream = source.streams.video[0]
        packets = [p for p in source.demux(stream) if p.is_keyframe and p.pts is not None]
        clips = []
        for k in range(count):
            clips.append(folder / f"drive-{k:03}.mp4")
            with av.open(str(clips[-1]), "w") as target:
                target.metadata["title"] = f"copy {k}"
                copy = target.add_stream_from_template(stream)
                for packet in packets:
                    packet.stream = copy
                    target.mux(packet)
    return clips


def _make_database(server: str, name: str) -> None:
    engine = create_engine(
        make_url(server).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT"
    )
    with engine.connect() as db:
        db.execute(text(f"CREATE DATABASE {name} TEMPLATE template0"))
    engine.dispose()


def report(rounds: list[Round]) -> str:
    """Return the rounds as a table of Markdown."""
    head = (
        "| Workers | Drives | Killed | Load | Drives/min | Lost | Doubled | Store | Queue | "
        "In steps | Database per drive |\n|---|---|---|---|---|---|---|---|---|---|---|\n"
    )
    return head + "\n".join(
        f"| {r.workers} | {r.drives} | {r.kills} | {r.load:.0f} | {r.drives_per_minute:.1f} | "
        f"{r.lost} | {r.doubled} | {r.share(r.store_s):.1%} | {r.share(r.queue_s):.1%} | "
        f"{r.share(sum(r.step_s.values())):.0%} | {r.database_bytes / r.drives / 1e3:.0f} kB |"
        for r in rounds
    )


def main() -> None:
    """Run the benchmark and print the results."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--drives", type=int, default=200)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument(
        "--kill-every", type=float, default=20.0, help="Seconds of work between kills; 0 for never."
    )
    parser.add_argument("--json", type=Path, help="Also write the figures to this file.")
    asked = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="roadscan-scale-") as name,
        throwaway_postgres(durable=True) as server,
    ):
        folder = Path(name)
        clips = _make_clips(folder, asked.drives + 1)
        print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
        rounds = []
        for workers in asked.workers:
            town = folder / f"town-{workers}"
            try:
                rounds.append(measure(server, clips, workers, asked.kill_every, town))
            except StuckError as error:
                raise SystemExit(f"not even the first drive was worked: {error}") from error
            print(json.dumps(asdict(rounds[-1])), flush=True)
        print(f"load {os.getloadavg()[0]:.1f}\n\n{report(rounds)}")
    if asked.json:
        asked.json.write_text(json.dumps([asdict(r) for r in rounds], indent=1) + "\n")
    if any(r.lost or r.doubled for r in rounds):
        raise SystemExit("drives were lost or doubled")


if __name__ == "__main__":
    main()
