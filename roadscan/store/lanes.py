"""The lanes of a survey as its reviewers see them."""

from collections.abc import Iterator

from roadscan.assess.reviews import judge_lane
from roadscan.assess.scheme import Scheme
from roadscan.model.damage import LaneGrid
from roadscan.model.road import Network
from roadscan.store.store import Store


def judged_grids(store: Store, survey: str, network: Network, scheme: Scheme) -> Iterator[LaneGrid]:
    """Yield each lane's views and hits as they count, in order of link id."""
    judgements = store.reviews.in_force(survey)
    lanes = store.reviews.lanes(survey) if judgements else frozenset()
    widths_m = {link.link_id: link.lane_width_m for link in network.links}
    for grid in store.lane_grids(survey):
        lane = grid.link_id, grid.direction
        if lane in lanes:
            found = store.sightings(survey, *lane)
            yield judge_lane(grid, found, judgements, widths_m[grid.link_id], scheme).grid
        else:
            yield grid
