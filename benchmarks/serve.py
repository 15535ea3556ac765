"""Speed of the layers, compared with pygeoapi serving the same segments from a GeoPackage.

python -m benchmarks.serve [--segments 100000] [--seconds 10] [--pygeoapi FOLDER] [--no-postgis]

Creates a town, publishes it on SQLite and on a PostgreSQL server started for the run, and starts a
`roadscan` web process on each and pygeoapi's (Starlette, SQLite provider). One client requests
boxes of about 1,500 segments from each in turn, every box a different one. FOLDER is where
`pip install --target` put pygeoapi; it runs on Debian's Python, whose sqlite3 can load SpatiaLite.
Without it only roadscan is measured. Processor time is that of the web process, plus the database's
if that is separate.
"""

import argparse
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path
from random import Random
from typing import Any

import geopandas
import mapbox_vector_tile
import numpy as np
import pandas as pd
import psutil
import pyogrio
import shapely
from sqlalchemy import text

from roadscan.model.layers.field import FieldType
from roadscan.model.layers.segments import SEGMENTS
from roadscan.publish.served_features import feature_rows
from roadscan.serve.settings import ServeSettings
from roadscan.serve.start import DATABASE
from roadscan.serve.town import open_town
from roadscan.store.layers.selection import Selection, Source
from tests.throwaway_postgres import throwaway_postgres

CRS_EPSG = 25833
ORIGIN_M = np.array([300_000.0, 5_650_000.0])
STEP_M = 50.0
BOX_SEGMENTS = 1500
ROUNDS = 3
TILE_ZOOM = 13
STARTS_WITHIN_S = 300.0
SYSTEM_PYTHON = "/usr/bin/python3"

_SERVE = """
import os, sys, uvicorn
from roadscan.serve.app import create_app
from roadscan.serve.town import open_town
from roadscan.serve.settings import ServeSettings
from roadscan.serve.start import exempt_from_collection
settings = ServeSettings(
    data=sys.argv[1],
    database=os.environ.get("ROADSCAN_DATABASE", ""),
    public_collections=frozenset({"segments"}),
)
with open_town(settings) as town:
    app = create_app(town)
    exempt_from_collection()
    uvicorn.run(app, port=int(sys.argv[2]), log_level="error")
"""
_GDAL = """
import pyogrio, sys, time
begin = time.perf_counter()
layer = pyogrio.read_dataframe(f"OAPIF:{sys.argv[1]}", layer="segments", PAGE_SIZE="10000")
print(len(layer), time.perf_counter() - begin, time.process_time())
"""
_PEER = """
server:
  bind: {{host: 127.0.0.1, port: {port}}}
  url: http://127.0.0.1:{port}
  mimetype: application/json; charset=UTF-8
  encoding: utf-8
  gzip: false
  languages: [en-US]
  limits: {{default_items: 10, max_items: 10000}}
  map: {{url: 'http://127.0.0.1/', attribution: none}}
logging: {{level: ERROR}}
metadata:
  identification: {{title: t, description: d, keywords: [k], keywords_type: theme,
    terms_of_service: none, url: http://127.0.0.1}}
  license: {{name: none, url: http://127.0.0.1}}
  provider: {{name: none, url: http://127.0.0.1}}
  contact: {{name: none, email: a@example.org}}
resources:
  segments:
    type: collection
    title: segments
    description: segments
    keywords: [k]
    links: []
    extents: {{spatial: {{bbox: [-180, -90, 180, 90], crs: http://www.opengis.net/def/crs/OGC/1.3/CRS84}}}}
    providers:
      - {{type: feature, name: SQLiteGPKG, data: {path}, id_field: fid, table: segments}}
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--segments", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=10.0, help="of each round")
    parser.add_argument("--pygeoapi", type=Path)
    parser.add_argument("--no-postgis", action="store_true", help="SQLite only")
    given = parser.parse_args()
    load = os.getloadavg()[0]
    print(f"{given.segments} segments, {os.cpu_count()} cores, load {load:.1f} from others")
    with tempfile.TemporaryDirectory(prefix="roadscan-bench-") as temporary, ExitStack() as stack:
        folder = Path(temporary)
        town = _town(given.segments)
        settings = {"roadscan on SQLite": ServeSettings(data=folder / "sqlite")}
        if not given.no_postgis:
            address = stack.enter_context(throwaway_postgres(durable=True))
            on_postgis = ServeSettings(data=folder / "postgis", database=address)
            settings["roadscan on PostGIS"] = on_postgis
        servers = {}
        for name, one in settings.items():
            one.data.mkdir()
            _measure_store(name, one, town)
            servers[name] = stack.enter_context(_roadscan(one))
        own = tuple(servers.values())
        if given.pygeoapi:
            path = folder / "town.gpkg"
            pyogrio.write_dataframe(town.to_crs("EPSG:4326"), path, driver="GPKG", layer="segments")
            servers["pygeoapi"] = stack.enter_context(_pygeoapi(given.pygeoapi, path))
        side = _box_side_deg(town)
        _measure_requests(servers, town, side, given.seconds)
        for name, server in zip(settings, own, strict=True):
            _measure_tiles(name, server, town)
            _measure_gdal(name, server)
    print(f"load {os.getloadavg()[0]:.1f} at the end, this run included")


def _town(count: int) -> geopandas.GeoDataFrame:
    """Segments of 50 m in a grid, with values in every field."""
    across = round(count**0.5)
    number = np.arange(count)
    corner = ORIGIN_M + STEP_M * np.column_stack([number % across, number // across])
    ends = corner[:, None] + np.array([[0.0, 0.0], [17.0, 23.0], [30.0, 40.0]])
    columns: dict[str, Any] = {}
    for field in SEGMENTS.fields:
        if field.type is FieldType.NUMBER:
            columns[field.name] = np.round(1 + number % 400 / 100, 2)
        elif field.type is FieldType.INTEGER:
            columns[field.name] = pd.array(number % 4 + 1, dtype="Int64")
        else:
            columns[field.name] = [f"{field.name} {k % 500}" for k in number]
    columns["segment_id"] = [f"way/{k}:f:0" for k in number]
    columns["assessed_at"] = ["2026-06-10T08:00:00.5Z"] * count
    return geopandas.GeoDataFrame(columns, geometry=shapely.linestrings(ends), crs=CRS_EPSG)


def _box_side_deg(town: geopandas.GeoDataFrame) -> tuple[float, float]:
    west, south, east, north = town.to_crs("EPSG:4326").total_bounds
    share = (BOX_SEGMENTS / len(town)) ** 0.5
    return (east - west) * share, (north - south) * share


def _boxes(town: geopandas.GeoDataFrame, side: tuple[float, float], seed: int) -> Iterator[str]:
    west, south, east, north = town.to_crs("EPSG:4326").total_bounds
    random = Random(seed)  # noqa: S311 -- boxes, no secrets
    while True:
        x = random.uniform(west, east - side[0])
        y = random.uniform(south, north - side[1])
        yield f"{x:.6f},{y:.6f},{x + side[0]:.6f},{y + side[1]:.6f}"


def _measure_store(name: str, settings: ServeSettings, town: geopandas.GeoDataFrame) -> None:
    with open_town(settings) as opened:
        features = opened.layers
        begin = time.perf_counter()
        features.put_features(
            Source("Bench", "ap9k", "1", CRS_EPSG, 0.0),
            {"segments": feature_rows("segments", [town])},
        )
        print(f"{name}: published in {time.perf_counter() - begin:.1f} s")
        boxes = _boxes(town, _box_side_deg(town), 1)
        wall, spent, counts = [], [], []
        for _ in range(60):
            area = shapely.box(*map(float, next(boxes).split(",")))
            begin, cpu = time.perf_counter(), time.thread_time()
            with features.reading() as reader:
                layer = reader.layers("segments")[0]
                page = reader.places(layer, Selection(area), None, 10_000)
                page_text = reader.geojson(layer, page)
                assert reader.count(layer, Selection(area)) == page_text.count('"Feature"')  # noqa: S101 -- a benchmark of right answers
            wall.append(1000 * (time.perf_counter() - begin))
            spent.append(1000 * (time.thread_time() - cpu))
            counts.append(len(page))
    print(
        f"{name}: box of {statistics.median(counts):.0f} at the store, new each time: "
        f"median {statistics.median(wall):.1f} ms, best {min(wall):.1f} ms, "
        f"{statistics.median(spent):.1f} ms of this process"
    )


@contextmanager
def _roadscan(settings: ServeSettings) -> Iterator["_Server"]:
    port = _free_port()
    command = [sys.executable, "-c", _SERVE, str(settings.data), str(port)]
    own = os.environ | {DATABASE: settings.database}
    with _running(command, port, "/ogc/collections/segments/items", own) as server:
        if settings.database:
            with open_town(settings) as opened, opened.store.engine.connect() as db:
                backend = int(db.scalar(text("SELECT pg_backend_pid()")) or 0)
                server.database = psutil.Process(backend).parent()
        yield server


@contextmanager
def _pygeoapi(installed: Path, path: Path) -> Iterator["_Server"]:
    port = _free_port()
    config, api = path.with_suffix(".yml"), path.with_suffix(".api.yml")
    config.write_text(_PEER.format(port=port, path=path))
    own = {
        "PYTHONPATH": str(installed),
        "PYGEOAPI_CONFIG": str(config),
        "PYGEOAPI_OPENAPI": str(api),
        "PATH": os.environ["PATH"],
    }
    made = subprocess.run(
        [SYSTEM_PYTHON, "-m", "pygeoapi", "openapi", "generate", str(config)],
        env=own,
        capture_output=True,
        text=True,
        check=False,
    )
    api.write_text(made.stdout)
    command = [SYSTEM_PYTHON, "-m", "uvicorn", "pygeoapi.starlette_app:APP"]
    command += ["--port", str(port), "--log-level", "error"]
    with _running(command, port, "/collections/segments/items", own) as server:
        yield server


class _Server:
    """A server's port, its processes, and the path of its items."""

    def __init__(self, port: int, pid: int, items: str) -> None:
        self.port, self.items = port, items
        self.process = psutil.Process(pid)
        self.database: psutil.Process | None = None

    def cpu_s(self) -> float:
        """Processor time so far."""
        processes = [self.process]
        if self.database is not None:
            processes += self.database.children()
        spent = 0.0
        for process in processes:
            with suppress(psutil.NoSuchProcess):  # a helper of PostgreSQL that ended meanwhile
                times = process.cpu_times()
                spent += times.user + times.system
        return spent


@contextmanager
def _running(command: list[str], port: int, items: str, env: dict[str, str]) -> Iterator[_Server]:
    with subprocess.Popen(command, env=env) as process:
        try:
            deadline = time.monotonic() + STARTS_WITHIN_S
            while True:
                try:
                    _get(HTTPConnection("127.0.0.1", port), f"{items}?limit=1")
                    break
                except OSError:
                    if time.monotonic() > deadline or process.poll() is not None:
                        raise
                    time.sleep(0.1)
            yield _Server(port, process.pid, items)
        finally:
            process.terminate()


def _measure_requests(
    servers: dict[str, _Server],
    town: geopandas.GeoDataFrame,
    side: tuple[float, float],
    seconds: float,
) -> None:
    found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in servers}
    for number in range(ROUNDS):
        for name, server in servers.items():
            found[name].append(_hammer(server, _boxes(town, side, number), seconds))
    for name, rounds in found.items():
        rate, cpu_ms, count = (statistics.median(values) for values in zip(*rounds, strict=True))
        print(
            f"{name}: {rate:.1f} requests/s of {count:.0f} features through one process, "
            f"{cpu_ms:.1f} ms of the processor each ({1000 / cpu_ms:.0f}/s with one core to itself)"
        )
    peers = found.pop("pygeoapi", [])
    for name, rounds in found.items() if peers else ():
        ratios = [own[0] / peer[0] for own, peer in zip(rounds, peers, strict=True)]
        print(f"{name}: {', '.join(f'{r:.1f}' for r in ratios)} times as many, round by round")


def _hammer(server: _Server, boxes: Iterator[str], seconds: float) -> tuple[float, float, float]:
    """Request one box after the other; requests/s, processor ms each, features each."""
    counts = []
    line = HTTPConnection("127.0.0.1", server.port, timeout=120)
    begin, cpu = time.perf_counter(), server.cpu_s()
    while time.perf_counter() < begin + seconds:
        body = _get(line, f"{server.items}?limit=10000&f=json&bbox={next(boxes)}")
        counts.append(body.count(b'"Feature"'))
    spent = time.perf_counter() - begin
    line.close()
    cpu_ms = 1000 * (server.cpu_s() - cpu) / len(counts)
    return len(counts) / spent, cpu_ms, statistics.mean(counts)


def _measure_tiles(name: str, server: _Server, town: geopandas.GeoDataFrame) -> None:
    """Tiles of one zoom level from the centre of the town, each requested twice."""
    west, south, east, north = town.to_crs("EPSG:4326").total_bounds
    lon, lat = (west + east) / 2, np.radians((south + north) / 2)
    line = HTTPConnection("127.0.0.1", server.port, timeout=120)
    across = int((lon + 180) / 360 * 2**TILE_ZOOM)
    down = int((1 - np.arcsinh(np.tan(lat)) / np.pi) / 2 * 2**TILE_ZOOM)
    base = server.items.removesuffix("items") + f"tiles/WebMercatorQuad/{TILE_ZOOM}"
    cold: list[tuple[float, float]] = []
    kept: list[tuple[float, float]] = []
    counts = []
    for y, x in ((down + j, across + k) for j in (-1, 0, 1) for k in (-1, 0, 1)):
        for spent in (cold, kept):
            cpu = server.cpu_s()
            begin = time.perf_counter()
            tile = _get(line, f"{base}/{y}/{x}")
            spent.append((1000 * (time.perf_counter() - begin), 1000 * (server.cpu_s() - cpu)))
        counts.append(len(mapbox_vector_tile.decode(tile)["segments"]["features"]))
    for which, spent in (("cold", cold), ("kept", kept)):
        wall, cpu_ms = (statistics.median(values) for values in zip(*spent, strict=True))
        print(
            f"{name}: tile of {statistics.median(counts):.0f}, {which}: median {wall:.1f} ms, "
            f"{cpu_ms:.0f} ms of the processor"
        )


def _measure_gdal(name: str, server: _Server) -> None:
    command = [sys.executable, "-c", _GDAL, f"http://127.0.0.1:{server.port}/ogc"]
    runs = []
    for _ in range(ROUNDS):
        cpu = server.cpu_s()
        out = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
        runs.append((float(out[1]), server.cpu_s() - cpu, float(out[2])))
    wall, spent, own = (statistics.median(values) for values in zip(*runs, strict=True))
    print(
        f"{name}: {out[0]} segments into GDAL in {wall:.1f} s; of the processor: "
        f"server {spent:.1f} s, GDAL {own:.1f} s"
    )


def _get(line: HTTPConnection, path: str) -> bytes:
    line.request("GET", path, headers={"Accept-Encoding": "identity"})
    answer = line.getresponse()
    body = answer.read()
    if answer.status != 200:
        raise RuntimeError(f"{path}: {answer.status} {body[:200]!r}")
    return body


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


if __name__ == "__main__":
    main()
