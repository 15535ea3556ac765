"""Match a track to the network, fix by fix, without a video."""

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from roadscan.locate.clean_track import clean_track
from roadscan.locate.map_matching import match_path
from roadscan.model.road import Direction, Network, Vehicle
from roadscan.model.track import Gap
from roadscan.pipeline.prepare import check_near, with_warnings
from roadscan.read.track_file import read_track


@dataclass(frozen=True, slots=True)
class MatchedFix:
    """One fix of the track on the network."""

    time_s: float
    link_id: str
    direction: str
    offset_m: float
    left_m: float
    accuracy_m: float


@dataclass(frozen=True, slots=True)
class TrackOnNetwork:
    """The output of `roadscan match`."""

    matched: tuple[MatchedFix, ...]
    credited_m: dict[str, float]
    """Metres driven by link id."""
    unmatched: tuple[Gap, ...]
    warnings: tuple[str, ...]
    """Doubts about the track, each beginning with its code."""

    def as_json(self) -> dict[str, object]:
        """Return it as plain values."""
        return asdict(self)


def match_track(
    track_path: Path, network: Network, vehicle: Vehicle = Vehicle.CAR
) -> TrackOnNetwork:
    """Read, clean and match a track.

    Raises
    ------
    RoadscanError
        The errors of `read_track` and `check_near`.
    """
    track = read_track(track_path)
    path = clean_track(track, network.crs_epsg)
    check_near(path, network, track_path.name)
    matched = match_path(path, network, vehicle)
    fixes = tuple(
        MatchedFix(
            time_s=round(float(matched.t_s[k]), 3),
            link_id=network.links[matched.link[k]].link_id,
            direction=(Direction.FORWARD if matched.forward[k] else Direction.BACKWARD).value,
            offset_m=round(float(matched.offset_m[k]), 2),
            left_m=round(float(matched.left_m[k]), 2),
            accuracy_m=round(float(matched.accuracy_m[k]), 2),
        )
        for k in np.flatnonzero(matched.link >= 0)
    )
    credited = {link: round(metres, 2) for link, metres in sorted(matched.credited_m.items())}
    warnings = with_warnings(track, path, vehicle).warnings
    return TrackOnNetwork(fixes, credited, matched.unmatched, warnings)
