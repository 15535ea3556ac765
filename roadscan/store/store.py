"""What the rest of the program may ask of the store."""

from collections.abc import Collection, Iterable, Iterator
from typing import Protocol

from roadscan.assess.cells import Lane
from roadscan.model.damage import Damage, LaneGrid
from roadscan.model.drive import ChunkResult, Drive, Trace
from roadscan.model.review import Sighting
from roadscan.model.road import Direction, Network
from roadscan.model.survey import Assessment, DriveKey, Survey, SurveyCounts, Totals
from roadscan.store.erasure import Erased
from roadscan.store.pictures import Pictures
from roadscan.store.reviews import Reviews
from roadscan.store.traces import Traces


class Store(Protocol):
    """The truth: everything shown can be made again from it, without video or detector.

    Each `put` is one transaction; doing it twice changes nothing.
    """

    @property
    def pictures(self) -> Pictures:
        """The kept pictures of its drives, and the areas of which none is kept."""

    @property
    def reviews(self) -> Reviews:
        """What reviewers decided about the boxes of its drives."""

    @property
    def traces(self) -> Traces:
        """What its drives are matched to another network by."""

    def put_network(self, network: Network) -> None:
        """Keep a network under its checksum."""

    def has_network(self, sha256: str) -> bool:
        """Tell whether there is a network of this checksum."""

    def put_drive(self, drive: Drive, trace: Trace | None = None) -> None:
        """Keep a drive under its id and settings, and what it can be matched by again."""

    def drive(self, key: DriveKey) -> Drive:
        """Return a drive; KeyError without one of this key."""

    def known_drive(self, drive_id: str) -> Drive | None:
        """Return a drive under any of its settings; None without one."""

    def erase_drive(self, drive_id: str) -> Erased:
        """Erase all that there is of a drive; doing it twice changes nothing."""

    def done_chunks(self, drive_id: str, settings_sha256: str) -> frozenset[int]:
        """Return the numbers of the chunks that are done."""

    def put_chunk(self, result: ChunkResult, settings_sha256: str) -> None:
        """Keep all that a chunk gave, replacing what an earlier try left."""

    def put_survey(self, survey: Survey) -> None:
        """Keep which drives a survey is made of."""

    def join_survey(self, survey: Survey) -> None:
        """Add drives to a survey, made if there is none of its name, and ask for its scoring.

        Its network and its scheme stay what they are; its model is that of the last drive.
        """

    def use_scheme(self, survey: str, scheme_text: str) -> None:
        """Let a survey be scored by another scheme, and ask for it; its drives stay."""

    def put_assessment(self, survey: str, assessment: Assessment) -> None:
        """Keep the results of a survey in place of earlier ones."""

    def survey(self, name: str) -> Survey:
        """Return a survey; KeyError without one of this name."""

    def surveys(self) -> tuple[str, ...]:
        """Return the names of all surveys, in order."""

    def network(self, sha256: str) -> Network:
        """Return a network; KeyError without one of this checksum."""

    def network_part(self, sha256: str, link_ids: Iterable[str]) -> Network:
        """Return some links of a network; KeyError without one of this checksum."""

    def drives(self, survey: str) -> tuple[Drive, ...]:
        """Return the drives of a survey by their start, then id."""

    def lane_grids(self, survey: str) -> Iterator[LaneGrid]:
        """Yield each lane's views and hits over all chunks and drives, in order of link id."""

    def unusable_grids(self, survey: str) -> Iterator[LaneGrid]:
        """Yield the same for the frames that were rejected: views only."""

    def lanes_driven(self, key: DriveKey) -> frozenset[Lane]:
        """Return the lanes that a drive has seen anything of."""

    def lane(
        self, survey: str, link_id: str, direction: Direction
    ) -> tuple[LaneGrid | None, LaneGrid | None]:
        """Return one lane as `lane_grids` and as `unusable_grids` do, each None without one."""

    def sightings(self, survey: str, link_id: str, direction: Direction) -> tuple[Sighting, ...]:
        """Return what the detector saw on one lane, in order of time."""

    def counts(self, survey: str) -> SurveyCounts:
        """Return where frames and detections went."""

    def damage(self, survey: str, damage_id: str) -> Damage:
        """Return one damage of a survey; KeyError without one of this id."""

    def damages_on(self, survey: str, segment_ids: Collection[str]) -> tuple[Damage, ...]:
        """Return the damages of some segments of a survey."""

    def totals(self, survey: str) -> Totals:
        """Return how many segments and damages the results of a survey have."""

    def assessment(self, survey: str) -> Assessment:
        """Return the results of a survey."""

    def damaged(self, survey: str) -> Assessment:
        """Return the damages of a survey, and the results of the links that they lie on."""
