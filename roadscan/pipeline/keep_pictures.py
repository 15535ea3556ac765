"""Select the pictures of a drive to store while it is analysed, chunk by chunk.

Which picture shows a damage best is known only when the survey is assessed, and by then the video
may be gone: videos are deleted early, and drives are scored again long after. So each chunk stores
for every cell the picture of the frame that shows its damage best; the picture of a damage is that
of one of its cells, whatever is joined to it later. On request it also stores the first usable
picture of every so many metres of the route, so that a reviewer sees the road where nothing was
found. Decoding the video a second time, at every new scoring, would cost as much as the first time.
"""

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
import shapely
from pyproj import Transformer
from shapely import ops

from roadscan.assess.cells import touched_cells
from roadscan.assess.damages import picture_rank
from roadscan.assess.scheme import Scheme
from roadscan.assess.segmentation import row_count
from roadscan.detect.people import PeopleDetectionError, PeopleFinder, load_people_finder
from roadscan.detect.redaction import redacted_picture
from roadscan.errors import RoadscanError
from roadscan.locate.box_placement import REACH_M, CameraOnRoute
from roadscan.locate.road_view import SIDE_M, road_outline, tall_enough, traffic_rows
from roadscan.model.arrays import Floats
from roadscan.model.damage import Observation
from roadscan.model.frame import Boxes, Camera, Frame, Rows
from roadscan.model.road import Direction, Link, Network
from roadscan.model.stored_picture import (
    ObjectionMask,
    Picture,
    PictureRefusal,
    PictureView,
    StoredPicture,
)

CONTEXT_REACH_M: Final = 60.0
"""How far ahead a picture of the whole frame is assumed to show private plots."""
LANE_WIDTH_M: Final = 3.0
NO_PRIVACY: Final = "none"
"""Option value that asks for no privacy network: no picture is stored then."""
WAITING: Final = 5
"""Frames held back: the vehicle approaches, so a later frame mostly shows the damage better."""

_Cell = tuple[str, Direction, str, int, int]
_Rank = tuple[float, float, tuple[float, ...]]


@dataclass(frozen=True, slots=True)
class PictureRules:
    """Rules for stored pictures: their extent, the detector of people, areas without pictures."""

    view: PictureView
    finder: PeopleFinder | None
    masks: tuple[ObjectionMask, ...] = ()
    every_m: float = 0.0
    """One picture is stored per this many metres of the route in any case; 0 for damages only."""

    @property
    def key(self) -> str:
        """What the pictures of a chunk depend on; objections also apply to stored pictures."""
        key = f"{self.view.value} {self.finder.sha256 if self.finder else NO_PRIVACY}"
        return f"{key} every {self.every_m:g} m" if self.every_m else key


NO_PICTURES: Final = PictureRules(PictureView.ROAD, None)


def load_picture_rules(privacy_model: str, *, context: bool, every_m: float = 0.0) -> PictureRules:
    """Load the detector of people: the default ("") if it is installed, one by name, or none.

    Raises
    ------
    RoadscanError
        If a network that was asked for by name is missing or unusable.
    """
    view = PictureView.CONTEXT if context else PictureView.ROAD
    if privacy_model == NO_PRIVACY:
        return PictureRules(view, None)
    try:
        return PictureRules(view, load_people_finder(privacy_model), every_m=every_m)
    except RoadscanError as error:
        if privacy_model or error.code != "model_missing":
            raise
        return PictureRules(view, None)


@dataclass(frozen=True, slots=True)
class _HeldFrame:
    """A frame held back, with the people that the quick detector found in it."""

    frame: Frame
    frame_t_s: float
    people: Floats


class PictureKeeper:
    """Selects the pictures of one chunk; holds few frames, and memory grows only with its cells."""

    def __init__(
        self, rules: PictureRules, setup: CameraOnRoute, network: Network, scheme: Scheme
    ) -> None:
        self._rules = rules
        self._setup = setup
        self._links = {link.link_id: link for link in network.links}
        self._scheme = scheme
        self._masks = shapely.from_wkb([mask.outline_wkb for mask in rules.masks])
        self._lonlat = Transformer.from_crs(network.crs_epsg, "OGC:CRS84", always_xy=True)
        self._best: dict[_Cell, tuple[_Rank, float]] = {}
        self._stretches: set[tuple[int, int]] = set()
        """(leg, stretch of `every_m`) pairs that already have their picture."""
        self._shown = Counter[float]()
        """By frame time: number of cells it shows best, plus stretches of which it is the first."""
        self._waiting: deque[_HeldFrame] = deque()
        self._before: _HeldFrame | None = None
        self._made: dict[float, StoredPicture | PictureRefusal] = {}

    def offer(
        self,
        frame: Frame,
        frame_t_s: float,
        observations: Sequence[Observation],
        people: Floats,
    ) -> None:
        """Consider a frame with its observations and people; frames must come in order of time."""
        for observation in observations:
            self._claim(observation)
        if self._rules.every_m:
            self._claim_stretch(frame_t_s)
        self._waiting.append(_HeldFrame(frame, frame_t_s, people))
        if len(self._waiting) > WAITING:
            self._settle()

    def finish(self) -> tuple[tuple[StoredPicture, ...], dict[PictureRefusal, int]]:
        """Return the pictures in order of time, and the number of refused ones by reason."""
        while self._waiting:
            self._settle()
        made = [self._made[t_s] for t_s in sorted(self._made) if self._shown[t_s]]
        pictures = tuple(one for one in made if isinstance(one, StoredPicture))
        refused = Counter(one for one in made if isinstance(one, PictureRefusal))
        return pictures, dict(sorted(refused.items()))

    def _claim(self, observation: Observation) -> None:
        """Assign to the observation's frame the cells that it shows better than any before."""
        rule = self._scheme.kinds.get(observation.kind)
        if rule is None:
            return
        link = self._links[observation.link_id]
        touched = touched_cells(observation, rule.cells, link.lane_width_m, row_count(link))
        rank = picture_rank(observation)
        lane = observation.link_id, observation.direction, observation.kind
        for row, strip in np.argwhere(touched).tolist():
            before = self._best.get((*lane, row, strip))
            if before is None or rank > before[0]:
                if before is not None:
                    self._release(before[1])
                self._best[*lane, row, strip] = rank, observation.frame_t_s
                self._shown[observation.frame_t_s] += 1

    def _claim_stretch(self, frame_t_s: float) -> None:
        """Assign the stretch of route to the frame if it is the first one on it."""
        place = self._setup.route.position_at(frame_t_s)
        if place is None:
            return
        stretch = place.leg, int(place.route_m // self._rules.every_m)
        if stretch not in self._stretches:
            self._stretches.add(stretch)
            self._shown[frame_t_s] += 1

    def _release(self, frame_t_s: float) -> None:
        self._shown[frame_t_s] -= 1
        if not self._shown[frame_t_s]:
            self._made.pop(frame_t_s, None)

    def _settle(self) -> None:
        """Make the picture of the frame that waited longest, if it is still needed."""
        held = self._waiting.popleft()
        if self._shown[held.frame_t_s]:
            self._made[held.frame_t_s] = self._make(held)
        self._before = held

    def _make(self, held: _HeldFrame) -> StoredPicture | PictureRefusal:
        view = self._rules.view
        doubt = doubt_of(self._setup.camera)
        if doubt is not None:
            return doubt
        ground = ground_shown(held.frame_t_s, self._setup, view)
        if ground is None:
            return PictureRefusal.NO_GEOMETRY
        footprint = np.column_stack(self._lonlat.transform(*ground.footprint_m.T))
        if shapely.intersects(shapely.Polygon(footprint), self._masks).any():
            return PictureRefusal.OBJECTION
        try:
            around = self._people_around(held)
        except PeopleDetectionError as failure:
            return failure.why
        made = redacted_picture(
            held.frame,
            view,
            ground.outline,
            ground.rows,
            self._rules.finder,
            around,
            partial(tall_enough, self._setup.camera, self._setup.width, self._setup.height),
        )
        if isinstance(made, Picture):
            return StoredPicture(held.frame_t_s, made, footprint)
        return made

    def _people_around(self, held: _HeldFrame) -> list[Floats]:
        """Return the people known from this frame and its neighbours.

        The quick detector has already run on this frame; for a picture of the whole frame, the
        careful one also runs on the frames before and after it.
        """
        known = [held.people]
        finder = self._rules.finder
        if self._rules.view is PictureView.CONTEXT and finder is not None:
            after = self._waiting[0] if self._waiting else None
            near = [one for one in (self._before, after) if one is not None]
            known += [finder.find_for_redaction(one.frame, None).xyxy for one in near]
        return known


@dataclass(frozen=True, slots=True)
class GroundShown:
    """The ground that a picture shows, in the picture and on the map."""

    outline: Floats
    """(n, 2) pixels of the driven lane and 1 m to either side."""
    rows: Rows
    """Rows of the picture in which anybody who stands on this ground is visible."""
    footprint_m: Floats
    """(n, 2) in the metric CRS, widened by the accuracy of the position."""


def ground_shown(frame_t_s: float, setup: CameraOnRoute, view: PictureView) -> GroundShown | None:
    """Return the ground that a picture shows; None if the camera or the position leave it open."""
    place = setup.route.position_at(frame_t_s)
    ahead = (
        setup.route.stretches(place.leg, place.route_m, place.route_m + REACH_M) if place else []
    )
    if place is None or not ahead:
        return None
    lane_width_m = setup.links[ahead[0].link].lane_width_m
    field = setup.near_field(lane_width_m)
    rows = rows_of_traffic(setup, lane_width_m)
    if field is None or rows is None:
        return None
    road = setup.route.route_ahead(place, REACH_M)
    outline = road_outline(setup.camera, setup.width, setup.height, road, field, lane_width_m)
    if outline is None:
        return None
    reach_m = field.far_m if view is PictureView.ROAD else CONTEXT_REACH_M
    steps = setup.route.stretches(place.leg, place.route_m, place.route_m + reach_m)
    line = np.vstack([_cut(setup.links[s.link], s.from_offset_m, s.to_offset_m) for s in steps])
    half_m = lane_width_m / 2 + SIDE_M
    if view is PictureView.CONTEXT:
        half_m = max(half_m, reach_m * float(np.tan(np.radians(setup.camera.hfov_deg / 2))))
    middle = shapely.LineString(line) if len(line) > 1 else shapely.Point(line[0])
    area = middle.buffer(half_m + place.accuracy_m)
    return GroundShown(outline, rows, shapely.get_coordinates(area.exterior))


def doubt_of(camera: Camera) -> PictureRefusal | None:
    """Return why nobody can be sure where in a picture of this camera the road ends, if so."""
    if camera.contradicted:
        return PictureRefusal.CAMERA_CONTRADICTED
    if camera.assumed:
        return PictureRefusal.CAMERA_ASSUMED
    return PictureRefusal.CAMERA_MOVED if camera.moved_deg else None


def standing(people: Boxes, setup: CameraOnRoute) -> Boxes:
    """Return the boxes that are tall enough for a person standing at their lower edge."""
    tall = tall_enough(setup.camera, setup.width, setup.height, people.xyxy)
    kinds = tuple(kind for kind, stands in zip(people.kind, tall, strict=True) if stands)
    return Boxes(people.xyxy[tall], people.confidence[tall], kinds)


def rows_of_traffic(setup: CameraOnRoute, lane_width_m: float = LANE_WIDTH_M) -> Rows | None:
    """Return the rows in which traffic on the near field is visible; None without a near field.

    The far end of the near field does not depend on the lane width, unless the lane is wider than
    the picture shows: then there is no near field.
    """
    field = setup.near_field(lane_width_m)
    return None if field is None else traffic_rows(setup.camera, setup.width, setup.height, field)


def _cut(link: Link, from_offset_m: float, to_offset_m: float) -> Floats:
    """Return the vertices of a stretch of a link, in the direction of travel."""
    line = ops.substring(shapely.LineString(link.xy_m), from_offset_m, to_offset_m)
    return shapely.get_coordinates(line)
