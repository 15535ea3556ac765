"""What share of damaged cells a model finds and of sound ones it hits, as measured by cells."""

from dataclasses import asdict, dataclass

LEAST_FOUND = 0.1
"""A kind of which less than this share of the damaged cells is found is unknown, not absent."""


@dataclass(frozen=True, slots=True)
class HitRate:
    """Rates of a kind, or of several together, in single frames; shares from 0 to 1.

    `*_low` and `*_high` are 95 % intervals. docs/training.md says how they are measured.
    """

    cells: int
    """Damaged cells that `found` was measured on."""
    found: float
    found_low: float
    found_high: float
    found_near: float
    """Nearer than 6 m to the camera."""
    found_far: float
    beside: float
    """Sound cells beside a damaged one that are hit with it, for each damaged cell."""
    alike: float
    """Correlation of the hits of two damaged cells of one picture: misses are shared."""
    sound: int
    """Sound cells that `wrong` was measured on."""
    wrong: float
    wrong_low: float
    wrong_high: float
    wrong_alike: float
    """The same of two sound cells."""


def possible(rates: dict[str, HitRate]) -> dict[str, HitRate]:
    """Return rates that were given, if they can be any; raises ValueError naming the key."""
    for kind, rate in rates.items():
        for name, value in asdict(rate).items():
            if value < 0 or (name not in {"cells", "sound"} and not value <= 1):
                message = f"{kind}.{name} is {value}, not a share"
                raise ValueError(message)
    return rates


def known_kinds(kinds: tuple[str, ...], rates: dict[str, HitRate]) -> frozenset[str]:
    """Return the kinds whose absence from a result says something about the road.

    Those that the model finds often enough, and those that nothing was measured of.
    """
    return frozenset(
        kind for kind in kinds if kind not in rates or rates[kind].found >= LEAST_FOUND
    )
