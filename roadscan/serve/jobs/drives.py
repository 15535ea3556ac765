"""From a drive that waits to the job that works it, by way of a look at it."""

from collections.abc import Iterator
from dataclasses import dataclass

from roadscan.errors import RoadscanError
from roadscan.model.uploaded_file import WaitingDrive
from roadscan.serve.jobs.queue import JobQueue
from roadscan.serve.jobs.requests import CheckRequest, DriveRequest
from roadscan.store.store import Store
from roadscan.store.town.files import Files
from roadscan.store.town.networks import NetworkVersions


@dataclass(frozen=True, slots=True)
class Drives:
    """The drives of one town that wait."""

    files: Files
    networks: NetworkVersions
    store: Store
    queue: JobQueue

    def waiting(self, video_sha256: str) -> WaitingDrive:
        """Return the drive of a video; raises `drive_not_waiting`."""
        found = next((d for d in self.files.waiting() if d.video.sha256 == video_sha256), None)
        if found is None:
            raise RoadscanError(
                "drive_not_waiting", "no such video waits for work", "Send it, or see the jobs"
            )
        return found

    def request(
        self, drive: WaitingDrive, survey: str | None = None, offset_s: float | None = None
    ) -> DriveRequest:
        """Return what a job is asked for; raises `track_missing`, `network_missing`."""
        if drive.track is None:
            raise RoadscanError(
                "track_missing",
                f"{drive.video.name} waits for its track ({drive.waits_for})",
                "Send a track of the same name",
            )
        survey = survey or drive.video.survey
        return DriveRequest(
            survey=survey,
            video_sha256=drive.video.sha256,
            video_name=drive.video.name,
            track_sha256=drive.track.sha256,
            track_name=drive.track.name,
            camera_sha256=drive.camera.sha256 if drive.camera else None,
            camera_name=drive.camera.name if drive.camera else "",
            network_sha256=network_of(survey, self.networks, self.store),
            offset_s=offset_s,
        )

    def checks(self) -> Iterator[tuple[WaitingDrive, CheckRequest]]:
        """Yield the drives that are whole, with what they are looked at by.

        None as long as there is no network to hold them against.
        """
        for drive in self.files.waiting():
            if drive.waits_for is None:
                try:
                    request = self.request(drive)
                except RoadscanError as error:
                    if error.code != "network_missing":
                        raise
                    continue
                yield drive, CheckRequest(drive=request, sent_s=drive.video.uploaded_s)

    def start(self, request: DriveRequest) -> str:
        """Let a drive be worked and return the job's id; doing it twice makes one job.

        Raises `drive_not_waiting` if another job has its video.
        """
        job_id = request.job_id()
        if not self.files.take(request.video_sha256, job_id):
            raise RoadscanError(
                "drive_not_waiting", "another job has this video already", "See the jobs"
            )
        return self.queue.submit(request)

    def needs(self, sha256: str) -> bool:
        """Tell whether any drive that waits, or any job, goes by a track or a camera file."""
        for drive in self.files.waiting():
            beside = (drive.track, drive.camera)
            if any(file is not None and file.sha256 == sha256 for file in beside):
                return True
        return any(sha256 in job.request.values() for job in self.queue.drives())


def network_of(survey: str, networks: NetworkVersions, store: Store) -> str:
    """Return the network that a survey's drives are matched to: its own, or the one in force.

    Raises `network_missing`.
    """
    try:
        return store.survey(survey).network_sha256
    except KeyError:
        versions = networks.all()
    if not versions:
        raise RoadscanError(
            "network_missing", "the town has no road network yet", "An administrator sends one in"
        )
    return versions[0].network_sha256
