"""Ids and contents of jobs are kept in databases: a town that is updated goes on with them."""

from roadscan.serve.jobs.kinds.backup import BackupRequest
from roadscan.serve.jobs.kinds.check import CheckRequest
from roadscan.serve.jobs.kinds.drive import DriveRequest
from roadscan.serve.jobs.kinds.export import ExportRequest
from roadscan.serve.jobs.kinds.network import NetworkColumns, NetworkRequest
from roadscan.serve.jobs.kinds.purge import PurgeRequest
from roadscan.serve.jobs.kinds.rematch import RematchRequest
from roadscan.serve.jobs.kinds.rescore import RescoreRequest
from roadscan.serve.jobs.kinds.score import ScoreRequest
from roadscan.serve.jobs.registry import KINDS

DRIVE = DriveRequest(
    survey="Herbst",
    video_sha256="a" * 64,
    video_name="früh.mp4",
    track_sha256="b" * 64,
    track_name="früh.gpx",
    network_sha256="c" * 64,
)
ASKED = {"asked_for": "1.000", "asked_by": "Ada"}
COLUMNS = NetworkColumns(street="name")
MOVED = {"network_sha256": "c" * 64, "moved_to": "Herbst · Netz 2"}
IDS = {
    "drive-692e7c182a7e0cb27a4a8019": DRIVE,
    "check-51d88a9a80072bb20c8be9d8": CheckRequest(drive=DRIVE, sent_s=12.5),
    "network-84e20ffeee85f12ca0db0025": NetworkRequest(
        file_sha256="e" * 64, file_name="Netz.zip", columns=COLUMNS
    ),
    "score-f732399cc6c9087254b1d656": ScoreRequest(survey="Herbst", change=3),
    "rescore-c36f8282cb5b0c72aa1423ee": RescoreRequest(survey="Herbst", scheme="ap9k", asked_s=1.5),
    "purge-e0b7c44611a45c9d5d063bcb": PurgeRequest(asked_for="2026-11-30", asked_by="Ada"),
    "backup-e799233f419ec17ed4725501": BackupRequest(**ASKED, raw=True),
    "export-76bb8a3ceb531df5ee244dd3": ExportRequest(**ASKED, survey="Herbst"),
    "rematch-568c52307b83feaafa01310f": RematchRequest(**ASKED, survey="Herbst", **MOVED),
}
"""As the version before the kinds of jobs had modules of their own made them."""


def test_every_kind_of_job_has_the_id_that_it_always_had():
    assert {request.job_id() for request in IDS.values()} == IDS.keys()
    assert {request.kind for request in IDS.values()} == KINDS.keys()


def test_a_kind_keeps_its_name_and_its_queue():
    assert {name: kind.request.queue.value for name, kind in KINDS.items()} == {
        "network": "drives",
        "check": "checks",
        "drive": "drives",
        "score": "surveys",
        "rescore": "surveys",
        "rematch": "town",
        "purge": "town",
        "backup": "town",
        "export": "town",
    }
