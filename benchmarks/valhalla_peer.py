"""Valhalla's map matching for `benchmarks.matching`, in a Python of its own.

    python benchmarks/valhalla_peer.py EXTRACT.osm.pbf FOLDER < requests > answers

Its wheels want another Python than roadscan's. It builds tiles from the extract in the folder, then
answers each line: a JSON list of [lat, lon, time] by {"took_s", "shape", "edges"}.
"""

import json
import subprocess
import sys
import time
from pathlib import Path

import valhalla

ATTRIBUTES = (
    "edge.way_id",
    "edge.begin_shape_index",
    "edge.end_shape_index",
    "shape",
)


def main() -> None:
    """Build tiles, answer line by line."""
    extract, folder = sys.argv[1], Path(sys.argv[2])
    (folder / "tiles").mkdir(parents=True, exist_ok=True)
    (folder / "tiles.tar").touch()
    config = valhalla.get_config(str(folder / "tiles.tar"), str(folder / "tiles"), verbose=False)
    del config["mjolnir"]["tile_extract"]  # the folder, not an archive
    config["mjolnir"]["concurrency"] = 1
    config["service_limits"]["trace"].update(max_distance=1e6, max_shape=1_000_000)
    settings = folder / "valhalla.json"
    settings.write_text(json.dumps(config), encoding="utf-8")
    program = Path(valhalla.__file__).parent / "bin" / "valhalla_build_tiles"
    build = [str(program), "-c", str(settings), extract]
    subprocess.run(build, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    actor = valhalla.Actor(str(settings))
    for line in sys.stdin:
        shape = [{"lat": lat, "lon": lon, "time": t} for lat, lon, t in json.loads(line)]
        request = {
            "shape": shape,
            "costing": "auto",
            "shape_match": "map_snap",
            "filters": {"attributes": list(ATTRIBUTES), "action": "include"},
        }
        begun = time.process_time()
        try:
            answer = actor.trace_attributes(request)
        except RuntimeError:  # it found no way at all
            answer = {"shape": "", "edges": []}
        took_s = time.process_time() - begun
        kept = {"took_s": took_s, "shape": answer["shape"], "edges": answer["edges"]}
        sys.stdout.write(json.dumps(kept) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
