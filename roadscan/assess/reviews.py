"""Apply reviewers' verdicts to the observations of a lane before damages are formed."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from roadscan.assess.cells import touched_cells
from roadscan.assess.scheme import Scheme
from roadscan.model.arrays import Bools, Ints
from roadscan.model.damage import Damage, LaneGrid, Verdict
from roadscan.model.review import BoxKey, BoxVerdict, Decision, ReviewedObservation

Judgements = Mapping[BoxKey, BoxVerdict]


@dataclass(frozen=True, slots=True)
class JudgedLane:
    """A lane with reviews applied: its views and hits, and its observations."""

    grid: LaneGrid
    sightings: tuple[ReviewedObservation, ...]


@dataclass(frozen=True, slots=True)
class Agreement:
    """Precision of the detector for a kind, based on the damages that were reviewed."""

    kind: str
    right: int
    another_kind: int
    no_damage: int

    @property
    def judged(self) -> int:
        """Number of damages reviewed."""
        return self.right + self.another_kind + self.no_damage

    @property
    def share(self) -> float:
        """Share of these that were right, as a fraction rounded to four digits."""
        return round(self.right / self.judged, 4)


def judge_lane(
    grid: LaneGrid,
    found: Sequence[ReviewedObservation],
    judgements: Judgements,
    lane_width_m: float,
    scheme: Scheme,
) -> JudgedLane:
    """Apply the reviews to a lane; `found` is everything the detector found on it."""
    judged = as_judged(found, judgements)
    return JudgedLane(_as_judged_grid(grid, found, judged, lane_width_m, scheme), judged)


def as_judged(
    found: Iterable[ReviewedObservation], judgements: Judgements
) -> tuple[ReviewedObservation, ...]:
    """Remove boxes rejected by reviewers, and correct the kinds of the others."""
    kept = []
    for sighting in found:
        judgement = judgements.get(sighting.box)
        if judgement is None:
            kept.append(sighting)
        elif judgement.verdict is not Verdict.REJECTED:
            observation = replace(sighting.observation, kind=judgement.kind)
            kept.append(replace(sighting, observation=observation, verdict=judgement.verdict))
    return tuple(kept)


def marked(
    damages: Sequence[Damage], lane: JudgedLane, lane_width_m: float, scheme: Scheme
) -> tuple[Damage, ...]:
    """Return the damages of a lane with their verdicts; of several, the last frame's applies.

    A later box without a review does not revoke a verdict.
    """
    if not any(sighting.verdict for sighting in lane.sightings):
        return tuple(damages)
    found = []
    for damage in damages:
        own = sightings_of(damage, lane.sightings, len(lane.grid.views), lane_width_m, scheme)
        said = [sighting.verdict for sighting in own if sighting.verdict]
        found.append(replace(damage, review=said[-1] if said else None))
    return tuple(found)


def sightings_of(
    damage: Damage,
    judged: Iterable[ReviewedObservation],
    rows: int,
    lane_width_m: float,
    scheme: Scheme,
) -> tuple[ReviewedObservation, ...]:
    """Return the boxes of a damage: those of its kind that touch its cells."""
    cells = np.zeros((rows, 3), np.bool_)
    cells[tuple(np.array(damage.cells).T)] = True
    rule = scheme.kinds[damage.kind].cells
    return tuple(
        sighting
        for sighting in judged
        if sighting.observation.kind == damage.kind
        and bool((touched_cells(sighting.observation, rule, lane_width_m, rows) & cells).any())
    )


def verdicts_by_row(
    found: Iterable[ReviewedObservation],
    judgements: Judgements,
    rows: int,
    lane_width_m: float,
    scheme: Scheme,
) -> tuple[tuple[BoxVerdict, Bools], ...]:
    """Return the verdicts on a lane, each with the rows that its box touches.

    A box counts where it is as the detector called it, or as the reviewer did.
    """
    verdicts = []
    for sighting in found:
        verdict = judgements.get(sighting.box)
        if verdict is None:
            continue
        touched = np.zeros(rows, np.bool_)
        for kind in {sighting.box.kind, verdict.kind} & scheme.kinds.keys():
            rule = scheme.kinds[kind].cells
            touched |= touched_cells(sighting.observation, rule, lane_width_m, rows).any(axis=1)
        verdicts.append((verdict, touched))
    return tuple(verdicts)


def agreement_of(decisions: Iterable[Decision]) -> tuple[Agreement, ...]:
    """Compare the detections shown to reviewers with the verdicts in force, by kind."""
    holds = {one.subject.boxes[0]: one.ruling for one in decisions if not one.undone}
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for box, ruling in holds.items():
        if ruling.verdict is Verdict.REJECTED:
            counts[box.kind]["no"] += 1
        else:
            counts[box.kind]["right" if ruling.kind == box.kind else "other"] += 1
    return tuple(
        Agreement(kind, count["right"], count["other"], count["no"])
        for kind, count in sorted(counts.items())
    )


def _as_judged_grid(
    grid: LaneGrid,
    found: Sequence[ReviewedObservation],
    judged: Sequence[ReviewedObservation],
    lane_width_m: float,
    scheme: Scheme,
) -> LaneGrid:
    """Adjust the hits of a lane to its reviewed boxes.

    Which cells a single frame viewed is not stored, only the views and hits of each cell. A hit
    stays where a remaining box accounts for it, and hits never exceed views. This is exact, except
    where a box lies partly on cells that its frame did not view and another box remains there.
    """
    was = {sighting.box: sighting.observation.kind for sighting in found}
    now = {sighting.box: sighting.observation.kind for sighting in judged}
    moved = [box for box in was if now.get(box) != was[box]]
    kinds = {was[box] for box in moved} | {now[box] for box in moved if box in now}
    hits = dict(grid.hits)
    for kind in sorted(kinds & scheme.kinds.keys()):
        before = _counts(found, kind, grid, lane_width_m, scheme)
        after = _counts(judged, kind, grid, lane_width_m, scheme)
        counted = hits.get(kind, np.zeros_like(grid.views))
        more = np.maximum(after - before, 0)
        new = np.minimum.reduce([counted + more, after, grid.views])
        hits[kind] = np.where(before == after, counted, new)
    return replace(grid, hits=hits)


def _counts(
    sightings: Iterable[ReviewedObservation],
    kind: str,
    grid: LaneGrid,
    lane_width_m: float,
    scheme: Scheme,
) -> Ints:
    """Return how many frames have a box of a kind on each cell."""
    rule = scheme.kinds[kind].cells
    by_frame: dict[tuple[str, float], Bools] = {}
    for sighting in sightings:
        if sighting.observation.kind == kind:
            frame = sighting.box.drive_id, sighting.box.frame_t_s
            cells = touched_cells(sighting.observation, rule, lane_width_m, len(grid.views))
            by_frame[frame] = by_frame[frame] | cells if frame in by_frame else cells
    total = np.zeros_like(grid.views)
    for cells in by_frame.values():
        total += cells
    return total
