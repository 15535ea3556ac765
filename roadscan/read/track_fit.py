"""Tracks as FIT, what Garmin's and other sports devices record."""

import struct
from datetime import datetime
from io import BytesIO
from math import nan
from typing import Any

from roadscan.read.track_fixes import Fixes, epoch_s, number_or_nan

SEMICIRCLE_DEG = 180.0 / 2**31


def shows_fit(content: bytes) -> bool:
    """Tell whether a file begins with the header of FIT."""
    return content[8:12] == b".FIT"


def read_fit(content: bytes) -> Fixes:
    """Read the `record` messages; a file that ends in the middle is used as far as it goes.

    Raises
    ------
    ValueError
        If the file is damaged.
    """
    import fitdecode  # noqa: PLC0415 -- its tables take time, and few tracks are FIT

    fixes = Fixes()
    try:
        with fitdecode.FitReader(
            BytesIO(content),
            check_crc=fitdecode.CrcCheck.RAISE,
            error_handling=fitdecode.ErrorHandling.RAISE,
        ) as frames:
            for frame in frames:
                if frame.frame_type == fitdecode.FIT_FRAME_DATA and frame.name == "record":
                    _add(fixes, frame)
    except fitdecode.FitEOFError:
        fixes.warnings.append("track_cut_off: the file ends before the length it states")
    except (fitdecode.FitError, AssertionError, TypeError, LookupError, struct.error) as error:
        message = f"it is damaged: {type(error).__name__} {error}"
        raise ValueError(message) from error
    return fixes


def _add(fixes: Fixes, record: Any) -> None:
    def value(*names: str) -> Any:
        found = (record.get_value(name, fallback=None) for name in names)
        return next((one for one in found if one is not None), None)

    moment = value("timestamp")
    fixes.add(
        epoch_s(moment) if isinstance(moment, datetime) else nan,
        number_or_nan(value("position_long")) * SEMICIRCLE_DEG,
        number_or_nan(value("position_lat")) * SEMICIRCLE_DEG,
        speed_mps=number_or_nan(value("enhanced_speed", "speed")),
        accuracy_m=number_or_nan(value("gps_accuracy")),
    )
