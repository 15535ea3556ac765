"""Display of times."""

from datetime import UTC, datetime


def iso_utc(t_s: float) -> str:
    """Return UTC epoch seconds as ISO 8601, to the tenth of a second."""
    return datetime.fromtimestamp(round(t_s, 1), UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-5] + "Z"
