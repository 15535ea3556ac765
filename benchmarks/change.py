"""How much two drives over one unchanged road differ: the smallest change that they could prove.

    python -m benchmarks.change [--lanes N]

Two passes of a simulated detector at the hit rates of the model's card over the same damage, which
shows as clearly the second time as the first (`tests.assess.simulated_roads`). Detector and scheme
alone: receiver, clock and camera add to it, and least of all over a street.
"""

import argparse

import numpy as np

from roadscan.assess.lanes import assess_segment
from roadscan.model.hit_rate import known_kinds
from roadscan.model.road import RoadClass
from tests.assess.simulated_roads import KINDS, Lane, Simulated, driven, lane, measured, sharpness
from tests.assess.test_uncertainty import AP9K, CARD, SEGMENTS, link

CERTAIN = 0.95
STREET_M = 1600
STRETCHES_M = 20, 200, STREET_M


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--lanes", type=int, default=80, help="of 400 m, a multiple of four")
    given = parser.parse_args()
    how, rng = Simulated(CARD, 0.004), np.random.default_rng(9)
    known = known_kinds(KINDS, measured(how))

    def scores(road: Lane, sharp: list[float], road_class: RoadClass) -> np.ndarray:
        seen = driven(road, how, rng, sharp=sharp)
        results = (
            assess_segment(one, link(road_class), seen, None, known, AP9K, 0) for one in SEGMENTS
        )
        return np.array([result.score.score for result in results], float)

    differences = []
    for number in range(given.lanes):
        road, road_class = lane(rng), (RoadClass.A, RoadClass.B)[number // 4 % 2]
        sharp = sharpness(road, how, rng)
        differences.append(scores(road, sharp, road_class) - scores(road, sharp, road_class))
    every = np.concatenate(differences)
    for length_m in STRETCHES_M:
        means = np.abs(every.reshape(-1, length_m // 20).mean(axis=1))
        print(
            f"{length_m:5} m: {len(means):5} pairs, standard deviation "
            f"{np.sqrt((means**2).mean()):.2f}, {CERTAIN:.0%} differ by no more than "
            f"{np.quantile(means, CERTAIN):.2f}"
        )


if __name__ == "__main__":
    main()
