"""How wrong a score gets, and from what: each source of error alone, on made-up streets.

    python -m benchmarks.place [--only NAME ...] [--seeds N] [--json FILE]

Every line is the whole program (`roadscan.run`) on boxes that a simulated detector sees from a
simulated vehicle, held against the true cells (`benchmarks.place_world`). Drawn, not filmed: what
is measured is placing, combining and scoring, never a detector on real pictures.
"""

import argparse
import json
import math
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
from pyproj import Transformer

import roadscan
from benchmarks.place_world import (
    KINDS,
    LENGTH_M,
    SIZE_PX,
    Array,
    Camera,
    Street,
    boxes,
    class_of,
    streets,
    true_records,
    true_score,
)
from tests.assess.simulated_roads import Simulated, measured

STARTED_S: Final = 1_779_177_600
RATE_HZ: Final = 10
LEAD_S, PAUSE_S = 5.0, 31.0
ORIGIN_M: Final = (317_000.0, 5_683_000.0)
TO_WGS84: Final = Transformer.from_crs(25833, 4326, always_xy=True)
DRIFT_S: Final = 30.0
"""How long an error of the receiver lasts: its correlation falls to a third over it."""
SAME_M: Final = 15.0
"""A reported damage within so many metres of a true one of its kind is held to mean it."""
CARD: Final = {"D00": 0.40, "D10": 0.43, "D20": 0.13, "D40": 0.46, "Repair": 0.0}
"""Hit rates of the shipped model on real pictures, from its card."""


@dataclass(frozen=True)
class Scenario:
    """What is not as the program takes it to be."""

    name: str
    passes: int = 1
    real: Camera = field(default_factory=Camera)
    told: Camera | None = field(default_factory=Camera)
    """What the camera file says; None gives none."""
    beside_m: float = 0.0
    gnss_m: float = 0.3
    clock_s: float = 0.0
    hit_rates: dict[str, float] | None = None
    """Share of a kind's damages that are seen, by damage and frame alike; None sees all."""
    accuracy_column: bool = False


SCENARIOS: Final = (
    Scenario("perfect boxes"),
    *(
        Scenario(f"pitch {off:+g} deg", real=Camera(pitch_deg=6.0 + off))
        for off in (1.0, -1.0, 2.0, -2.0, 4.0)
    ),
    Scenario("camera unknown, 105 deg wide", real=Camera(hfov_deg=105.0), told=None),
    Scenario("0.6 m left of the middle", beside_m=0.6),
    Scenario("GNSS 3 m", gnss_m=3.0),
    Scenario("GNSS 5 m", gnss_m=5.0),
    Scenario("GNSS 5 m, with its accuracy", gnss_m=5.0, accuracy_column=True),
    Scenario("clock 0.3 s", clock_s=0.3),
    Scenario("clock 1.0 s", clock_s=1.0),
    Scenario("two passes, GNSS 3 m", passes=2, gnss_m=3.0),
    Scenario("three passes, GNSS 3 m", passes=3, gnss_m=3.0),
    Scenario("four passes, GNSS 3 m", passes=4, gnss_m=3.0),
    Scenario("detector of the card", hit_rates=CARD),
    Scenario("detector of the card, three passes", passes=3, hit_rates=CARD),
)


@dataclass(frozen=True)
class Figures:
    """How a scenario came out over all streets and seeds."""

    name: str
    mae: float
    bias: float
    right_class: float
    scored: float
    records: float
    """Reported damages for each true one (neighbouring cells of one kind are one)."""
    within: float
    """Share of damages whose true place lies within the accuracy stated."""
    covered: float | None
    """Share of true scores within score_low and score_high, where those are there."""
    seconds: float


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    chosen = [s for s in SCENARIOS if not given.only or any(n in s.name for n in given.only)]
    found = []
    print(
        f"{'source of error':36} {'MAE':>6} {'bias':>6} {'class':>6} {'scored':>6} "
        f"{'records':>7} {'within':>6} {'80 %':>6} {'s':>5}"
    )
    with tempfile.TemporaryDirectory() as folder:
        for scenario in chosen:
            figures = measure(scenario, range(given.seeds), Path(folder))
            found.append(figures)
            covered = "" if figures.covered is None else f"{figures.covered:.0%}"
            print(
                f"{figures.name:36} {figures.mae:6.2f} {figures.bias:+6.2f} "
                f"{figures.right_class:6.0%} {figures.scored:6.0%} {figures.records:7.2f} "
                f"{figures.within:6.0%} {covered:>6} {figures.seconds:5.1f}",
                flush=True,
            )
    if given.json:
        given.json.write_text(json.dumps([asdict(one) for one in found], indent=1))


def measure(scenario: Scenario, seeds: Sequence[int], folder: Path) -> Figures:
    """Run a scenario once a seed and hold it against the truth."""
    began = time.perf_counter()
    errors: list[float] = []
    right, segments, reported, true = 0, 0, 0, 0
    inside: list[bool] = []
    covered: list[bool] = []
    for seed in seeds:
        town = streets(seed)
        result = _run(scenario, town, seed, folder)
        by_name = {street.name: street for street in town}
        for row in result.segments.to_dict("records"):
            if row["direction"] != "forward":
                continue
            segments += 1
            truth = true_score(by_name[row["link_id"]], row["from_m"], row["to_m"])
            if row["score"] is None or math.isnan(row["score"]):
                continue
            errors.append(row["score"] - truth)
            right += class_of(truth) == row["condition_class"]
            if row.get("score_low") is not None:
                covered.append(row["score_low"] - 0.005 <= truth <= row["score_high"] + 0.005)
        damages = result.damages.to_dict("records")
        reported += len(damages)
        true += sum(map(true_records, town))
        inside += list(_within(damages, by_name))
    off = np.array(errors)
    return Figures(
        scenario.name,
        float(np.abs(off).mean()),
        float(off.mean()),
        right / len(off),
        len(off) / segments,
        reported / true,
        float(np.mean(inside)) if inside else math.nan,
        float(np.mean(covered)) if covered else None,
        time.perf_counter() - began,
    )


def _within(damages: Sequence[dict[str, Any]], town: dict[str, Street]) -> Iterator[bool]:
    """Tell of each damage that can be held against a true one whether it lies as near as it says.

    The accuracy is one standard deviation, so 68 % should.
    """
    for found in damages:
        street = town[found["link_id"]]
        places = [
            (true.from_s + true.to_s) / 2 for true in street.damages if true.kind == found["kind"]
        ]
        if places:
            off_m = min(abs(place - found["offset_m"]) for place in places)
            if off_m <= SAME_M:
                yield off_m <= found["accuracy_m"]


def _run(
    scenario: Scenario, town: Sequence[Street], seed: int, folder: Path
) -> "roadscan.pipeline.run.RunResult":
    rng = np.random.default_rng(1000 + seed)
    place = Path(tempfile.mkdtemp(dir=folder))
    seconds = LEAD_S + (LENGTH_M / 10.0 + PAUSE_S) * len(town) * scenario.passes
    video = _blank(folder / f"blank{seconds:.0f}.mp4", seconds)
    fixes, lines = [], []
    t_s = LEAD_S
    for _ in range(scenario.passes):
        for street in town:
            times = np.arange(0.0, (LENGTH_M - 30.0) / 10.0, 1 / RATE_HZ)
            fixes += list(_fixes(street, t_s, times[::RATE_HZ], scenario, rng))
            lines += list(_seen(street, t_s, times, scenario, rng))
            t_s += float(times[-1]) + PAUSE_S
    (place / "track.csv").write_text("\n".join([_columns(scenario), *fixes]) + "\n")
    head = {
        "width": SIZE_PX[0],
        "height": SIZE_PX[1],
        "kinds": list(KINDS),
        "hit_rates": _known_rates(scenario),
    }
    (place / "boxes.jsonl").write_text("\n".join(map(json.dumps, [head, *lines])) + "\n")
    (place / "network.geojson").write_text(json.dumps(_network(town)))
    camera = None
    if scenario.told is not None:
        camera = place / "camera.toml"
        said = asdict(scenario.told)
        camera.write_text("".join(f"{key} = {value}\n" for key, value in said.items()))
    return roadscan.run(
        [video],
        network=place / "network.geojson",
        out=place / "out",
        track=place / "track.csv",
        camera=camera,
        offset_s=0.0,
        model=f"replay:{place / 'boxes.jsonl'}",
        privacy_model="none",
    )


def _known_rates(scenario: Scenario) -> dict[str, Any]:
    """Return what is known of the detector: measured on other roads, drawn in another way.

    Whether a kind is made out depends on the damage and the frame there as here.
    """
    found = scenario.hit_rates or dict.fromkeys(KINDS, 1.0)
    clear = 2.0 if scenario.hit_rates else 1e6
    rates = measured(Simulated(found, clear=clear))
    return {name: asdict(rate) for name, rate in rates.items()}


def _columns(scenario: Scenario) -> str:
    return "time_s,lat,lon,speed_mps" + (",accuracy_m" if scenario.accuracy_column else "")


def _fixes(
    street: Street, t_s: float, times: Array, scenario: Scenario, rng: np.random.Generator
) -> Iterator[str]:
    """Yield the lines of a track a second: errors drift, as those of a receiver do."""
    places = street.at(10.0 * times, np.full(len(times), scenario.beside_m)) + ORIGIN_M
    stays = np.exp(-1.0 / DRIFT_S)
    error = rng.normal(0, scenario.gnss_m, 2)
    for at_s, place in zip(times, places, strict=True):
        lon, lat = TO_WGS84.transform(*(place + error))
        line = f"{STARTED_S + t_s + at_s + scenario.clock_s:.2f},{lat:.9f},{lon:.9f},10.00"
        yield line + (f",{scenario.gnss_m:.1f}" if scenario.accuracy_column else "")
        error = stays * error + rng.normal(0, scenario.gnss_m * math.sqrt(1 - stays**2), 2)


def _seen(
    street: Street, t_s: float, times: Array, scenario: Scenario, rng: np.random.Generator
) -> Iterator[dict[str, Any]]:
    """Yield the boxes of each frame in which there are some.

    Whether a damage is made out depends on the damage and on the frame, half each: a faint crack
    is missed in most frames, a clear one in few.
    """
    clear = {k: rng.beta(2.0, 2.0) for k in range(len(street.damages))}
    for at_s in times:
        found = []
        for number, xyxy, _ in boxes(street, 10.0 * at_s, scenario.beside_m, scenario.real):
            kind = street.damages[number].kind
            if scenario.hit_rates is not None:
                rate = scenario.hit_rates[kind]
                if rng.random() >= np.clip(rate * 2 * clear[number], 0.0, 1.0):
                    continue
            found.append([*(round(float(v), 2) for v in xyxy), 0.6, kind])
        if found:
            yield {"t_s": round(t_s + float(at_s), 2), "boxes": found}


def _network(town: Sequence[Street]) -> dict[str, Any]:
    features = []
    for street in town:
        lon, lat = TO_WGS84.transform(*(street.axis_m + ORIGIN_M).T)
        features.append(
            {
                "type": "Feature",
                "properties": {
                    "link_id": street.name,
                    "street": street.name,
                    "road_class": street.road_class,
                    "surface": "asphalt",
                    "lane_width_m": 3.5,
                },
                "geometry": {
                    "type": "LineString",
                    "coordinates": [
                        [round(x, 9), round(y, 9)] for x, y in zip(lon, lat, strict=True)
                    ],
                },
            }
        )
    return {"type": "FeatureCollection", "features": features}


def _blank(path: Path, seconds: float) -> Path:
    """Write a grey video once: the boxes are replayed, no picture is looked at."""
    if path.exists():
        return path
    width, height = SIZE_PX
    noise = np.random.default_rng(0).normal(110, 14, (height, width, 1))
    image = np.clip(noise, 0, 255).astype(np.uint8).repeat(3, 2)
    with av.open(str(path), "w") as container:
        started = datetime.fromtimestamp(STARTED_S, UTC).isoformat().replace("+00:00", "Z")
        container.metadata["creation_time"] = started
        stream = container.add_stream(
            "libx264", rate=RATE_HZ, options={"preset": "ultrafast", "crf": "12"}
        )
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.gop_size = 300
        frame = av.VideoFrame.from_ndarray(image, format="bgr24").reformat(format="yuv420p")
        for number in range(int(seconds * RATE_HZ)):
            frame.pts, frame.time_base = number, Fraction(1, RATE_HZ)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


if __name__ == "__main__":
    main()
