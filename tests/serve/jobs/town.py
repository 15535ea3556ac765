"""A town with a network and the sample drive sent in, and workers for it."""

import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from roadscan.pipeline.scheme import load_scheme
from roadscan.read.network import read_network
from roadscan.serve.jobs.kinds.drive import DriveRequest
from roadscan.serve.jobs.kinds.network import NetworkRequest
from roadscan.serve.queue.job_queue import JobQueue
from roadscan.serve.settings import ServeSettings
from roadscan.serve.start import DATABASE
from roadscan.serve.town import jobs_url, upload_limits
from roadscan.serve.uploads.upload_storage import UploadStorage
from roadscan.store.store import Store

SAMPLES = Path(__file__).parents[3] / "data_samples"
COMMAND = [sys.executable, "-c", "from roadscan.cli.app import main; main()", "work", "--data"]


@dataclass(frozen=True)
class SampleTown:
    settings: ServeSettings

    def send_in(self, path: Path) -> str:
        """Put a file where uploads end; return its checksum."""
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        storage = UploadStorage(self.settings.data, upload_limits(self.settings))
        kept = storage.path_of(sha256)
        kept.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, kept)
        return sha256

    def queue(self) -> JobQueue:
        return JobQueue(jobs_url(self.settings))

    def network_request(self) -> NetworkRequest:
        sha256 = self.send_in(SAMPLES / "network.geojson")
        return NetworkRequest(file_sha256=sha256, file_name="Straßen.geojson")

    def put_network(self, store: Store, path: Path = SAMPLES / "network.geojson") -> str:
        """Have a network in the store without a worker, which takes seconds to start."""
        network = read_network(path, load_scheme("ap9k").lane_width_m)
        store.put_network(network)
        return network.sha256

    def drive_request(self, network_sha256: str, track: str = "drive.gpx") -> DriveRequest:
        """Ask for the sample drive with the boxes of its truth: no network is run."""
        return DriveRequest(
            survey="Herbst",
            video_sha256=self.send_in(SAMPLES / "drive.mp4"),
            video_name="2026-06-10 früh.mp4",
            track_sha256=self.send_in(SAMPLES / track),
            track_name=track,
            camera_sha256=self.send_in(SAMPLES / "camera.toml"),
            network_sha256=network_sha256,
            model=f"replay:{SAMPLES / 'truth_boxes.jsonl'}",
            offset_s=1.4,
            every_m=12.0,
        )

    def work_once(self) -> None:
        work_once(self.settings, "--no-purge")

    def begin_work(self, *options: str) -> "subprocess.Popen[bytes]":
        command = [*COMMAND, str(self.settings.data), "--no-purge", *options]
        return subprocess.Popen(command, env=_environment(self.settings))


def work_once(settings: ServeSettings, *options: str) -> None:
    """Let a worker do what there is to do."""
    command = [*COMMAND, str(settings.data), "--once", *options]
    subprocess.run(command, check=True, timeout=240, env=_environment(settings))


def _environment(settings: ServeSettings) -> dict[str, str]:
    return os.environ | {DATABASE: settings.database}
