"""A small survey to store: two streets, drives over them, chunks of the drives."""

from dataclasses import replace

import numpy as np

from roadscan.assess.segmentation import row_count, segments_of
from roadscan.model.damage import Damage, LaneGrid, Observation, Rejection
from roadscan.model.drive import (
    ChunkResult,
    ClockFit,
    Drive,
    FrameCounts,
    RejectedBox,
    VideoInfo,
)
from roadscan.model.frame import Camera, FrameRejection
from roadscan.model.road import Direction, Link, Network, RoadClass, Surface
from roadscan.model.score import Indicators, Score, SegmentResult
from roadscan.model.survey import Assessment, DriveKey, Survey
from roadscan.read.scheme_file import read_scheme_text
from tests.assess.lanes import AP9K

SETTINGS = "5e" * 32
T_S = 1_781_080_000.0
ORIGIN_M = np.array([317_000.0, 5_682_000.0])


def link(link_id: str, xy_m: list[tuple[float, float]], **other: object) -> Link:
    plain = Link(
        link_id=link_id,
        xy_m=ORIGIN_M + np.array(xy_m),
        street="Grüner Weg",
        street_key="0815",
        road_class=RoadClass.A,
        surface=Surface.ASPHALT,
        lane_width_m=3.0,
        lane_width_source="network",
        forward=True,
        backward=True,
        outside_town=False,
    )
    return replace(plain, **other)  # type: ignore[arg-type]


TOWN = Network(
    (
        link("east", [(0, 0), (40, 0)]),
        link("bend", [(40, 0), (60, 0), (60, 30)], street="", level=1, lane_width_m=3.25),
        link("setts", [(0, 0), (0, 25)], surface=Surface.PAVING, backward=False),
    ),
    25833,
    "ab" * 32,
    "town.geojson",
)


def drive(number: int = 1, started_s: float = T_S, settings: str = SETTINGS) -> Drive:
    video = VideoInfo(
        name=f"drive{number}.mp4",
        sha256=f"{number:064x}",
        container="mov",
        codec="h264",
        width=1920,
        height=1080,
        rotation_deg=0,
        claimed_s=60.5,
        playable_s=60.0,
        frames=1800,
        frame_rate_hz=30.0,
        variable_frame_rate=False,
        started_s=None,
        streams=("video:h264",),
        warnings=("truncated: plays 60.0 s of the 60.5 s claimed",),
    )
    return Drive(
        drive_id=f"drive-{number}",
        survey="Spring",
        video=video,
        track_name="drive.gpx",
        track_sha256="cd" * 32,
        clock=ClockFit(T_S, 1.4, 0.13, "motion", 0.97, ("clock_assumed",)),
        camera=Camera("dash", 70.0, 1.35, 3.6, -0.5, 0.0, 0.1, "ef" * 32),
        model_name="rdd/openvino-f32",
        model_sha256="12" * 32,
        settings_sha256=settings,
        started_s=started_s,
        ended_s=started_s + 60.0,
        path_m=(ORIGIN_M + np.array([(0.0, -1.5), (39.0, -1.5)]), ORIGIN_M + np.eye(2)),
        length_m=39.0,
    )


def grid(
    link_id: str = "east",
    direction: Direction = Direction.FORWARD,
    views: int = 1,
    hits: dict[str, list[tuple[int, int]]] | None = None,
    last_seen_s: float = T_S,
) -> LaneGrid:
    """Lane seen all over, the given cells hit."""
    rows = row_count(next(known for known in TOWN.links if known.link_id == link_id))
    counts = {kind: np.zeros((rows, 3), np.int64) for kind in hits or {}}
    for kind, cells in (hits or {}).items():
        counts[kind][tuple(np.array(cells).T)] = 1
    seen = np.full((rows, 3), views, np.int64)
    return LaneGrid(
        link_id, direction, seen, counts, np.full(rows, last_seen_s), np.full(rows, 1.5)
    )


def observation(t_s: float = T_S, kind: str = "D40", number: int = 0) -> Observation:
    return Observation(
        frame_t_s=t_s,
        kind=kind,
        confidence=0.8125,
        link_id="east",
        direction=Direction.FORWARD,
        from_offset_m=3.1,
        to_offset_m=4.2,
        left_min_m=-0.4,
        left_max_m=0.4,
        accuracy_m=1.5,
        box_xyxy=(600.5, 400.25, 700.0, 480.0),
        box_number=number,
    )


def rejected(t_s: float = T_S, reason: Rejection = Rejection.TOO_FAR) -> RejectedBox:
    return RejectedBox(t_s, "D20", 0.3, (1.0, 2.0, 3.0, 4.0), reason)


def chunk(
    number: int = 0,
    drive_number: int = 1,
    observations: tuple[Observation, ...] = (),
    rejections: tuple[RejectedBox, ...] = (),
    grids: tuple[LaneGrid, ...] = (),
    unusable: tuple[LaneGrid, ...] = (),
) -> ChunkResult:
    rejected_frames = {FrameRejection.TOO_DARK: 2, FrameRejection.NOT_DECODED: 1}
    return ChunkResult(
        drive_id=f"drive-{drive_number}",
        number=number,
        from_video_s=60.0 * number,
        to_video_s=60.0 * (number + 1),
        frames=FrameCounts(20, 19, 17, rejected_frames),
        detections=len(observations) + len(rejections),
        observed=len(observations),
        observations=observations,
        rejections=rejections,
        grids=grids,
        unusable=unusable,
    )


def survey(*drive_numbers: int, name: str = "Spring", settings: str = SETTINGS) -> Survey:
    keys = tuple(DriveKey(f"drive-{n}", settings) for n in drive_numbers or (1,))
    return Survey(
        name,
        TOWN.sha256,
        "rdd/openvino-f32",
        ("D00", "D40"),
        read_scheme_text("ap9k"),
        keys,
    )


def damage() -> Damage:
    return Damage(
        damage_id="d0",
        kind="D40",
        label="Pothole",
        link_id="east",
        segment_id="east:f:0",
        direction=Direction.FORWARD,
        from_offset_m=3.1,
        to_offset_m=4.3,
        left_min_m=-0.5,
        left_max_m=0.3,
        cells=((3, 1), (4, 1)),
        area_m2=0.96,
        confidence=0.8125,
        n_observations=2,
        first_seen_s=T_S,
        last_seen_s=T_S + 0.6,
        accuracy_m=1.5,
        best=observation(),
    )


def assessment() -> Assessment:
    """Every segment of the town: the first one scored, the others not driven or not scored."""
    segments = segments_of(TOWN, AP9K)
    nothing = Indicators(None, None, None)
    unscored = Score(
        indicators=nothing,
        zw_riss=None,
        zw_afli=None,
        zw_ofs=None,
        weights={},
        weighted_sum=None,
        break_through=False,
        twsub=None,
        twsub_basis="",
        score=None,
        condition_class=None,
        reason="not_driven",
    )
    scored = replace(
        unscored,
        indicators=Indicators(0.0, None, 6.67),
        zw_riss=1.0,
        zw_ofs=2.31,
        weights={"riss": 0.7, "ofs": 0.3},
        weighted_sum=1.39,
        twsub=1.39,
        twsub_basis="riss+ofs",
        score=1.39,
        condition_class=1,
        reason="",
    )
    results = [SegmentResult(s.segment_id, unscored, 0.0, 60, 0.0, 0.0, 0, None) for s in segments]
    results[0] = SegmentResult(segments[0].segment_id, scored, 1.0, 60, 4.0, 0.9375, 1, T_S + 12.34)
    return Assessment(segments, tuple(results), (damage(),))


def same_network(first: Network, second: Network) -> bool:
    lines = zip(first.links, second.links, strict=True)
    return all(np.array_equal(a.xy_m, b.xy_m) for a, b in lines) and _plain(first) == _plain(second)


def _plain(network: Network) -> Network:
    return replace(network, links=tuple(replace(k, xy_m=()) for k in network.links))
