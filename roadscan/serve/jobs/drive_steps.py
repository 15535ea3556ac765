"""The steps of the jobs, each done whole or not at all; only workers import this."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path, PurePath
from typing import Final

import numpy as np

from roadscan.assess.segmentation import segments_of
from roadscan.detect.detector import load_detector
from roadscan.detect.people import ModelHangsError
from roadscan.errors import RoadscanError
from roadscan.model.drive_check import DriveCheck
from roadscan.model.road import Link
from roadscan.model.survey import DriveKey, Survey
from roadscan.model.uploaded_file import TRACK_SUFFIXES, VIDEO_SUFFIXES
from roadscan.pipeline.check_drive import check_drive
from roadscan.pipeline.chunk import Looking, chunk_of, work_chunks
from roadscan.pipeline.keep_pictures import load_picture_rules
from roadscan.pipeline.prepare import (
    Detecting,
    PreparedDrive,
    Settings,
    drive_track,
    prepare_drive,
)
from roadscan.pipeline.progress import NoProgress
from roadscan.pipeline.run_account import Tools
from roadscan.pipeline.run_record import Stopwatch
from roadscan.pipeline.scheme import load_scheme
from roadscan.pipeline.score_survey import update_scores, use_scheme
from roadscan.publish.layer_frames import load_results
from roadscan.publish.served_features import publish_features
from roadscan.read.camera_file import read_camera
from roadscan.read.input_files import errors_reported_as
from roadscan.read.network import SUFFIXES as NETWORK_SUFFIXES
from roadscan.read.network import preview_network, read_network
from roadscan.read.network_mapping import NetworkMapping
from roadscan.read.network_preview import NetworkPreview
from roadscan.serve.jobs.requests import (
    CheckRequest,
    DriveRequest,
    NetworkColumns,
    NetworkRequest,
    RescoreRequest,
    ScoreRequest,
)
from roadscan.store.layers.layer_store import LayerStore
from roadscan.store.rescoring import Scorings
from roadscan.store.store import Store
from roadscan.store.town.networks import NetworkVersions

HANGS: Final = 70
"""How a worker ends whose network for persons and vehicles hangs: EX_SOFTWARE."""
PREPARED_KEPT: Final = 2
"""Drives whose place in time and on the network a worker remembers between two chunks."""


@dataclass(frozen=True, slots=True)
class DrivePlan:
    """What is left to do of a drive."""

    drive_id: str
    settings_sha256: str
    pending: tuple[int, ...]
    chunks: int


class DriveSteps:
    """A worker's tools: the store, the files by their checksums, models that stay loaded."""

    def __init__(
        self,
        store: Store,
        scorings: Scorings,
        features: LayerStore,
        path_of: Callable[[str], Path],
        bench: Path,
        picture_every_m: float,
    ) -> None:
        self._store = store
        self._scorings = scorings
        self._features = features
        self._path_of = path_of
        self._bench = bench
        self._picture_every_m = picture_every_m
        self._tools = lru_cache(maxsize=PREPARED_KEPT)(self._load_tools)
        self._prepared = lru_cache(maxsize=PREPARED_KEPT)(self._prepare)

    def check_drive(self, request: CheckRequest) -> DriveCheck:
        """Look at a drive without a detector."""
        drive = request.drive
        with self._camera_named(drive):
            read_camera(self._camera_path(drive.camera_sha256))
        network = self._store.network(drive.network_sha256)
        with self._drive_at_hand(drive) as (video, track):
            found = check_drive(video, track, network)
        if found.track is None:
            return found
        return replace(
            found,
            video=replace(found.video, name=drive.video_name),
            track=replace(found.track, name=drive.track_name),
        )

    def plan_drive(self, request: DriveRequest) -> DrivePlan:
        """Put a drive into time and on the network, and keep it in the store."""
        self._check_survey(request)
        prepared = self._prepared(request)
        drive = prepared.drive
        self._store.put_drive(drive, prepared.trace)
        numbers = frozenset(chunk_of(prepared.wanted_video_s).tolist())
        done = self._store.done_chunks(drive.drive_id, drive.settings_sha256)
        return DrivePlan(
            drive.drive_id, drive.settings_sha256, tuple(sorted(numbers - done)), len(numbers)
        )

    def work_chunk(self, request: DriveRequest, number: int) -> None:
        """Look at one chunk of a drive and keep what was seen."""
        prepared, tools = self._prepared(request), self._tools(*_tool_names(request))
        # asked for anew each time: an objection counts from the moment it is made
        rules = replace(tools.pictures, masks=self._store.pictures.objections())
        looking = Looking(tools.detector, tools.network, tools.scheme, rules)
        work = work_chunks(prepared, frozenset({number}), looking, Stopwatch(), NoProgress())
        try:
            with errors_reported_as(prepared.video_path, request.video_name):
                for result in work:
                    self._store.put_chunk(result, prepared.drive.settings_sha256)
        except ModelHangsError as error:
            # another try in this process would hang too; a new worker goes on with the drive
            sys.stderr.write(f"roadscan: this worker ends: {error}\n")
            os._exit(HANGS)

    def join_survey(self, request: DriveRequest, key: DriveKey) -> dict[str, str | int]:
        """Take a drive into its survey, and ask for the survey to be scored."""
        self._check_survey(request)
        tools = self._tools(*_tool_names(request))
        self._store.join_survey(
            Survey(
                request.survey,
                tools.network.sha256,
                tools.detector.name,
                tools.detector.kinds,
                tools.scheme.text,
                (key,),
            )
        )
        chunks = len(self._store.done_chunks(key.drive_id, key.settings_sha256))
        return {"drive_id": key.drive_id, "chunks": chunks}

    def score(self, request: ScoreRequest) -> dict[str, str | int]:
        """Score a survey with all the drives it has by now, unless that was done meanwhile."""
        if self._scorings.status(request.survey).done >= request.change:
            return {}
        return self._score(request.survey)

    def rescore(self, request: RescoreRequest) -> dict[str, str | int]:
        """Score a survey by another scheme and renew its layers; no video is opened."""
        use_scheme(self._store, request.survey, load_scheme(request.scheme))
        return self._score(request.survey)

    def _score(self, survey: str) -> dict[str, str | int]:
        update_scores(self._store, self._scorings, self._features, survey)
        totals = self._store.totals(survey)
        return {
            "segments_assessed": totals.scored,
            "segments_not_assessed": totals.segments - totals.scored,
            "damages": totals.damages,
        }

    def _check_survey(self, request: DriveRequest) -> None:
        """Raise `survey_other_network`: what lies on two networks cannot be counted together."""
        try:
            known = self._store.survey(request.survey)
        except KeyError:
            return
        if known.network_sha256 != request.network_sha256:
            raise RoadscanError(
                "survey_other_network",
                f"the survey {request.survey!r} is on another version of the road network",
                "Send the drive again: it is matched to the survey's own, or name another survey",
            )

    def take_over_results(self, networks: NetworkVersions) -> None:
        """Serve what `roadscan run` left in this folder: its surveys and their network."""
        for survey in self._features.unserved():
            publish_features(self._store, self._features, load_results(self._store, survey))
            if not networks.all():
                network = self._store.network(self._store.survey(survey).network_sha256)
                networks.put_in_force(network.sha256, network.source, survey)

    def preview_network(self, request: NetworkRequest) -> NetworkPreview:
        """Say what the columns of a network are taken for, and what is wrong with its lines."""
        with self._network_at_hand(request) as path:
            return preview_network(path, _mapping_of(request.columns))

    def read_network(self, request: NetworkRequest) -> dict[str, str | int]:
        """Read a network into the store and tell what is in it."""
        scheme = load_scheme(request.scheme)
        with self._network_at_hand(request) as path:
            network = read_network(path, scheme.lane_width_m, _mapping_of(request.columns))
        self._store.put_network(replace(network, source=request.file_name))
        return {
            "network_sha256": network.sha256,
            "links": len(network.links),
            "length_m": round(sum(_length_m(link) for link in network.links)),
            "crs": f"EPSG:{network.crs_epsg}",
            "named": sum(bool(link.street) for link in network.links),
            "segments": len(segments_of(network, scheme)),
        }

    def _load_tools(
        self, network_sha256: str, scheme: str, model: str, camera_sha256: str | None
    ) -> Tools:
        return Tools(
            load_scheme(scheme),
            read_camera(self._camera_path(camera_sha256)),
            self._store.network(network_sha256),
            load_detector(model),
            load_picture_rules("", context=False, every_m=self._picture_every_m),
        )

    def _prepare(self, request: DriveRequest) -> PreparedDrive:
        with self._camera_named(request):
            tools = self._tools(*_tool_names(request))
        settings = Settings(
            request.survey,
            tools.camera,
            request.offset_s,
            request.every_m,
            tools.scheme.viewing,
            tools.pictures.key,
        )
        with self._drive_at_hand(request) as (video, track):
            prepared = prepare_drive(
                video,
                drive_track(track, tools.network),
                tools.network,
                settings,
                Detecting(tools.detector.name, tools.detector.sha256),
            )
        drive = replace(
            prepared.drive,
            video=replace(prepared.drive.video, name=request.video_name),
            track_name=request.track_name,
        )
        return replace(prepared, drive=drive, video_path=self._path_of(request.video_sha256))

    def _camera_path(self, sha256: str | None) -> Path | None:
        return None if sha256 is None else self._path_of(sha256)

    def _camera_named(self, request: DriveRequest) -> AbstractContextManager[None]:
        path = self._camera_path(request.camera_sha256)
        name = request.camera_name or "the camera file"  # jobs of before had no name of it
        return nullcontext() if path is None else errors_reported_as(path, name)

    @contextmanager
    def _network_at_hand(self, request: NetworkRequest) -> Iterator[Path]:
        sent = (request.file_sha256, request.file_name, NETWORK_SUFFIXES)
        with self._empty_bench(), self._at_hand(*sent) as network:
            yield network

    @contextmanager
    def _drive_at_hand(self, request: DriveRequest) -> Iterator[tuple[Path, Path]]:
        video = (request.video_sha256, request.video_name, tuple(VIDEO_SUFFIXES))
        track = (request.track_sha256, request.track_name, TRACK_SUFFIXES)
        with (
            self._empty_bench(),
            self._at_hand(*video) as video_path,
            self._at_hand(*track) as track_path,
        ):
            yield video_path, track_path

    @contextmanager
    def _empty_bench(self) -> Iterator[None]:
        shutil.rmtree(self._bench, ignore_errors=True)
        self._bench.mkdir(parents=True)
        try:
            yield
        finally:
            shutil.rmtree(self._bench, ignore_errors=True)

    @contextmanager
    def _at_hand(self, sha256: str, name: str, known: tuple[str, ...]) -> Iterator[Path]:
        """Lay a file on the bench with the ending by which readers know it.

        The sender's own name never becomes a path: errors tell it in place of ours.
        """
        path = self._bench / f"{sha256}{_suffix(name, known)}"
        path.symlink_to(self._path_of(sha256).resolve())
        with errors_reported_as(path, name):
            yield path


def _tool_names(request: DriveRequest) -> tuple[str, str, str, str | None]:
    return request.network_sha256, request.scheme, request.model, request.camera_sha256


def _mapping_of(columns: NetworkColumns | None) -> NetworkMapping | None:
    if columns is None:
        return None
    return NetworkMapping(**{meaning: (name,) if name else () for meaning, name in columns})


def _length_m(link: Link) -> float:
    return float(np.hypot(*np.diff(link.xy_m, axis=0).T).sum())


def _suffix(name: str, known: tuple[str, ...]) -> str:
    suffix = PurePath(name).suffix.lower()
    if suffix not in known:
        raise RoadscanError(
            "file_unreadable",
            f"{name[:80]!r} does not end in {', '.join(known)}",
            "Name it by its format and send it again",
        )
    return suffix
