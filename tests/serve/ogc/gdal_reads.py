"""Run by test_clients.py: what GDAL sees of the layers at an address, as JSON on stdout.

A process of its own: GDAL waits for answers with Python's lock held, so a server beside it in the
same process would never give one.
"""

import json
import sys

import pyogrio

address, *options = sys.argv[1:]
given = dict(option.split("=", 1) for option in options)
seen = {}
for name, geometry in pyogrio.list_layers(f"OAPIF:{address}"):
    layer = pyogrio.read_dataframe(f"OAPIF:{address}", layer=name, **given)
    seen[name] = {
        "geometry": geometry,
        "count": len(layer),
        "crs": layer.crs.to_string(),
        "ids": sorted(layer.iloc[:, 0]),
        "types": {column: str(kind) for column, kind in layer.dtypes.items()},
        "bounds": list(layer.total_bounds),
    }
json.dump(seen, sys.stdout)
