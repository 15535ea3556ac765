"""Choice of the projected CRS for all metric computations."""

import numpy as np

from roadscan.model.arrays import Floats

ETRS89_ZONES = range(28, 39)
"""UTM zones for which EPSG has ETRS89 codes (258zz): Europe."""
ETRS89_LATITUDES = (34.0, 84.0)


def metric_crs(lon_deg: Floats, lat_deg: Floats) -> int:
    """Return the EPSG code of the UTM zone at the median of the points.

    ETRS89 in Europe (EPSG:25833 for Saxony), WGS 84 elsewhere.
    """
    lon, lat = float(np.median(lon_deg)), float(np.median(lat_deg))
    zone = min(60, int((lon + 180.0) // 6.0) + 1)
    if zone in ETRS89_ZONES and ETRS89_LATITUDES[0] <= lat <= ETRS89_LATITUDES[1]:
        return 25800 + zone
    return (32600 if lat >= 0 else 32700) + zone
