"""Selects the pictures of a drive to store while it is analysed, chunk by chunk.

Which picture shows a damage best is known only when the survey is assessed, and by then the video
may be gone for good: it is deleted early, and drives are scored anew long after. So each chunk
keeps, of every cell, the picture of the frame that shows its damage best; the picture of a damage
is that of one of its cells, whatever is joined to it later. On request it also keeps the first
usable picture of every so many metres of the route, so that a reviewer sees the road where nothing
was found. Decoding the video a second time would
cost as much as the first one, for a town's drives and for every new scoring of them.
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
"""As far ahead as a picture of the whole frame is taken to show anybody's plot."""
LANE_WIDTH_M: Final = 3.0
NO_PRIVACY: Final = "none"
"""Requests no privacy network, so that no picture is stored."""
WAITING: Final = 5
"""Frames held back: the vehicle comes nearer, and the next one mostly shows the damage better."""

_Cell = tuple[str, Direction, str, int, int]
_Rank = tuple[float, float, tuple[float, ...]]


@dataclass(frozen=True, slots=True)
class PictureRules:
    """Rules for stored pictures: their extent, the detector of people, areas without any."""

    view: PictureView
    finder: PeopleFinder | None
    masks: tuple[ObjectionMask, ...] = ()
    every_m: float = 0.0
    """Metres of the route for which one picture is stored in any case; 0 for damages only."""

    @property
    def key(self) -> str:
        """All that the pictures of a chunk depend on; objections apply to stored ones as well."""
        key = f"{self.view.value} {self.finder.sha256 if self.finder else NO_PRIVACY}"
        return f"{key} every {self.every_m:g} m" if self.every_m else key


NO_PICTURES: Final = PictureRules(PictureView.ROAD, None)


def load_picture_rules(privacy_model: str, *, context: bool, every_m: float = 0.0) -> PictureRules:
    """Load what looks for people: the default ("") if it came along, one by name, or none.

    Raises
    ------
    RoadscanError
        What is wrong with a network that was asked for by name.
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
class _Seen:
    """A frame held back, with what the quick look found in it."""

    frame: Frame
    frame_t_s: float
    people: Floats


class PictureKeeper:
    """Keeps the pictures of one chunk; memory grows with its cells and holds few frames."""

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
        """Legs and stretches of `every_m` that have their picture."""
        self._shown = Counter[float]()
        """By frame, how many cells it shows best, and stretches it is the first of."""
        self._waiting: deque[_Seen] = deque()
        self._before: _Seen | None = None
        self._made: dict[float, StoredPicture | PictureRefusal] = {}

    def offer(
        self,
        frame: Frame,
        frame_t_s: float,
        observations: Sequence[Observation],
        people: Floats,
    ) -> None:
        """Look at a frame with what was found in it; frames come in order of time."""
        for observation in observations:
            self._claim(observation)
        if self._rules.every_m:
            self._claim_stretch(frame_t_s)
        self._waiting.append(_Seen(frame, frame_t_s, people))
        if len(self._waiting) > WAITING:
            self._settle()

    def finish(self) -> tuple[tuple[StoredPicture, ...], dict[PictureRefusal, int]]:
        """Return the pictures, in order of time, and how many there are not by reason."""
        while self._waiting:
            self._settle()
        made = [self._made[t_s] for t_s in sorted(self._made) if self._shown[t_s]]
        kept = tuple(one for one in made if isinstance(one, StoredPicture))
        refused = Counter(one for one in made if isinstance(one, PictureRefusal))
        return kept, dict(sorted(refused.items()))

    def _claim(self, observation: Observation) -> None:
        """Assign to the observation the cells that it shows better than any before."""
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
        """Give the frame the stretch of route that it begins, if none was given it before."""
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
        """Make the picture of the frame that waited longest, if it is still the best of a cell."""
        seen = self._waiting.popleft()
        if self._shown[seen.frame_t_s]:
            self._made[seen.frame_t_s] = self._make(seen)
        self._before = seen

    def _make(self, seen: _Seen) -> StoredPicture | PictureRefusal:
        view = self._rules.view
        doubt = doubt_of(self._setup.camera)
        if doubt is not None:
            return doubt
        ground = ground_shown(seen.frame_t_s, self._setup, view)
        if ground is None:
            return PictureRefusal.NO_GEOMETRY
        footprint = np.column_stack(self._lonlat.transform(*ground.footprint_m.T))
        if shapely.intersects(shapely.Polygon(footprint), self._masks).any():
            return PictureRefusal.OBJECTION
        try:
            around = self._people_around(seen)
        except PeopleDetectionError as failure:
            return failure.why
        made = redacted_picture(
            seen.frame,
            view,
            ground.outline,
            ground.rows,
            self._rules.finder,
            around,
            partial(tall_enough, self._setup.camera, self._setup.width, self._setup.height),
        )
        if isinstance(made, Picture):
            return StoredPicture(seen.frame_t_s, made, footprint)
        return made

    def _people_around(self, seen: _Seen) -> list[Floats]:
        """Return who else is known to be about.

        The quick detector has run on this frame; for a wide picture, the careful one also runs on
        the frames before and after it.
        """
        known = [seen.people]
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
    """Where anybody who stands on it is visible."""
    footprint_m: Floats
    """(n, 2) in the metric CRS, wider by how well the place is known."""


def ground_shown(frame_t_s: float, setup: CameraOnRoute, view: PictureView) -> GroundShown | None:
    """Return the ground that the picture of a moment shows; None if camera or place do not tell."""
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
    """Return the boxes of those who are tall enough to stand where they seem to."""
    tall = tall_enough(setup.camera, setup.width, setup.height, people.xyxy)
    kinds = tuple(kind for kind, kept in zip(people.kind, tall, strict=True) if kept)
    return Boxes(people.xyxy[tall], people.confidence[tall], kinds)


def rows_of_traffic(setup: CameraOnRoute, lane_width_m: float = LANE_WIDTH_M) -> Rows | None:
    """Return the rows in which traffic on the near field shows; None if there is no such field.

    Where the near field ends does not depend on the lane's width, but where a lane wider than the
    picture would end at once.
    """
    field = setup.near_field(lane_width_m)
    return None if field is None else traffic_rows(setup.camera, setup.width, setup.height, field)


def _cut(link: Link, from_offset_m: float, to_offset_m: float) -> Floats:
    """Return the vertices of a stretch of a link, in the direction of travel."""
    line = ops.substring(shapely.LineString(link.xy_m), from_offset_m, to_offset_m)
    return shapely.get_coordinates(line)
