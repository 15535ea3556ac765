"""The roads near a path: what a county's network has elsewhere costs a drive nothing."""

from collections.abc import Callable
from dataclasses import replace
from functools import update_wrapper
from typing import Concatenate, Final, ParamSpec

import numpy as np

from roadscan.model.arrays import Ints
from roadscan.model.link_table import bounds_of
from roadscan.model.road import MatchedPath, Network
from roadscan.model.track import DrivePath

MARGIN_M: Final = 600.0
STEPS: Final = 2.0
"""A way between two fixes leads no farther from them than these: that much and so many times the
distance between them (`way_limit_m` is twice it and some hundred metres, there and back)."""
AT_ONCE: Final = 200
"""Fixes whose surroundings are looked for together."""

Others = ParamSpec("Others")
Match = Callable[Concatenate[DrivePath, Network, Others], MatchedPath]


def on_roads_near(match: Match[Others]) -> Match[Others]:
    """Match a path to the roads near it only; the result is that of the whole network."""

    def matched(
        path: DrivePath, network: Network, /, *others: Others.args, **named: Others.kwargs
    ) -> MatchedPath:
        numbers = links_near(path, network)
        if len(numbers) == len(network.links):
            return match(path, network, *others, **named)
        part = replace(network, links=tuple(network.links[k] for k in numbers.tolist()))
        return _in_whole(match(path, part, *others, **named), numbers)

    update_wrapper(matched, match)
    return matched


def links_near(path: DrivePath, network: Network) -> Ints:
    """Return the numbers of the links that a way along a path can lead over, at least one."""
    bounds_m = bounds_of(network.links)
    near = np.zeros(len(bounds_m), np.bool_)
    step_m = np.diff(path.driven_m, prepend=path.driven_m[:1])
    xy_m = np.column_stack([path.x_m, path.y_m])
    for start in range(0, len(xy_m), AT_ONCE):
        some = slice(max(0, start - 1), start + AT_ONCE)
        margin_m = MARGIN_M + STEPS * float(np.abs(step_m[some]).max())
        low, high = xy_m[some].min(axis=0) - margin_m, xy_m[some].max(axis=0) + margin_m
        near |= ((bounds_m[:, :2] <= high) & (bounds_m[:, 2:] >= low)).all(axis=1)
    found: Ints = np.flatnonzero(near)
    return found if len(found) else np.arange(min(1, len(bounds_m)))


def _in_whole(matched: MatchedPath, numbers: Ints) -> MatchedPath:
    """Return a path on some links of a network as one on all of them."""
    return replace(
        matched,
        link=np.where(matched.link >= 0, numbers[matched.link], -1),
        route=tuple(replace(step, link=int(numbers[step.link])) for step in matched.route),
    )
