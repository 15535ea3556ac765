"""Measures what share of the lane's damaged cells a model finds, and of its sound ones it hits.

    python -m training.hit_rates --model models/NAME --data DIR [--dnit DIR] [--write]

By cells of the lane, not by boxes, because cells are what a score is made of. Validation pictures
only: of the dataset folder of prepare.py those seen from vehicles, and with `--dnit` the frames of
the survey with masks. `--write` puts the table `[hit_rates]` into model.toml. Shares are means over
the sources, so that no large one decides; intervals are 95 %, by drawing scenes within each source.
"""

import argparse
import csv
import re
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from roadscan.assess.scheme import Scheme, parse_scheme
from roadscan.detect.model_folder import SETTINGS_FILE, read_settings, verify
from roadscan.detect.openvino import OpenVinoDetector
from roadscan.model.frame import Boxes, Camera, Frame
from roadscan.model.hit_rate import HitRate
from roadscan.read.scheme_file import read_scheme_text
from training.intervals import DRAWS, percentiles
from training.measure import boxes_of, unsure_in
from training.pictures import beside, decode, read_manifest
from training.road_cells import (
    CAMERAS,
    Cells,
    camera_of_lanes,
    cells_of_picture,
    marked,
    near_rows,
    seen_cells,
    touched,
)

LOOKING_DOWN: Final = ("China_MotorBike", "idm")
"""Sources in which no lane is to be seen: cells of the picture take the place of the lane's."""
CRACKS: Final = ("D00", "D10", "D20")
"""Counted together: the scheme asks whether a cell is cracked, not how."""
LEAST_CELLS: Final = 20
"""A source with fewer damaged cells of a kind counts for no share of it."""
LEAST_SOUND: Final = 300
"""A source with fewer sound cells counts for no share of wrong hits: it shows damage close up."""
TABLE: Final = "[hit_rates]"


@dataclass(frozen=True)
class Counted:
    """One picture's cells of a kind, counted."""

    source: str
    scene: str
    damaged: int
    found: int
    sound: int
    """Neither damaged nor beside a damaged one."""
    wrong: int
    beside: int
    """Sound cells beside a damaged one that are hit."""
    damaged_near: int
    found_near: int


def counted(cells: Cells, source: str, scene: str) -> Counted:
    """Count the cells of a picture."""
    sound = cells.seen & ~cells.truth & ~cells.beside
    hit, near = cells.truth & cells.found, cells.near
    return Counted(
        source,
        scene,
        int(cells.truth.sum()),
        int(hit.sum()),
        int(sound.sum()),
        int((sound & cells.found).sum()),
        int((cells.beside & cells.seen & cells.found).sum()),
        int((cells.truth & near).sum()),
        int((hit & near).sum()),
    )


def rates_of(pictures: Sequence[Counted]) -> HitRate | None:
    """Return the rates of a kind; None where no source shows enough damaged cells."""
    sources = _sources(pictures)
    damaged = {n: own for n, own in sources.items() if _sum(own, "damaged") >= LEAST_CELLS}
    whole = {n: own for n, own in sources.items() if _sum(own, "sound") >= LEAST_SOUND}
    if not damaged or not whole:
        return None
    found, found_interval = _share(damaged, "found", "damaged")
    wrong, wrong_interval = _share(whole, "wrong", "sound")
    every = [one for own in damaged.values() for one in own]
    near, near_of = _sum(every, "found_near"), _sum(every, "damaged_near")
    far, far_of = _sum(every, "found") - near, _sum(every, "damaged") - near_of
    return HitRate(
        cells=_sum(every, "damaged"),
        found=round(found, 4),
        found_low=found_interval[0],
        found_high=found_interval[1],
        found_near=round(near / max(near_of, 1), 4),
        found_far=round(far / max(far_of, 1), 4),
        beside=round(_share(damaged, "beside", "damaged")[0], 4),
        alike=round(correlation(damaged, "found", "damaged", found), 3),
        sound=sum(_sum(own, "sound") for own in whole.values()),
        wrong=round(wrong, 5),
        wrong_low=wrong_interval[0],
        wrong_high=wrong_interval[1],
        wrong_alike=round(correlation(whole, "wrong", "sound", wrong), 3),
    )


def correlation(sources: Mapping[str, Sequence[Counted]], hit: str, of: str, share: float) -> float:
    """Return how alike two cells of one picture fare: the intraclass correlation of their hits.

    By moments (Ridout, Demétrio and Firth 1999), about the mean over the sources; each source
    counts alike. So it holds what differs between pictures, roads and sources.
    """
    if not 0.0 < share < 1.0:
        return 0.0
    values = []
    for own in sources.values():
        hits = np.array([getattr(one, hit) for one in own], float)
        tried = np.array([getattr(one, of) for one in own], float)
        off = hits - tried * share
        # sum over pairs of cells of one picture of (a - p)(b - p), cells being 0 or 1
        single = hits * (1 - share) ** 2 + (tried - hits) * share**2
        pairs = (tried * (tried - 1)).sum()
        if pairs:
            values.append(((off**2 - single).sum() / pairs) / (share * (1 - share)))
    return float(np.clip(np.mean(values), 0.0, 0.95)) if values else 0.0


def _sources(pictures: Iterable[Counted]) -> dict[str, list[Counted]]:
    sources: dict[str, list[Counted]] = defaultdict(list)
    for one in pictures:
        sources[one.source].append(one)
    return dict(sorted(sources.items()))


def _sum(pictures: Iterable[Counted], name: str) -> int:
    return int(sum(getattr(one, name) for one in pictures))


def _share(
    sources: Mapping[str, Sequence[Counted]], hit: str, of: str, seed: int = 0
) -> tuple[float, tuple[float, float]]:
    """Return the mean of the sources' shares and its 95 % interval, drawing their scenes."""
    rng = np.random.default_rng(seed)
    shares, draws = [], []
    for own in sources.values():
        scenes = sorted({one.scene for one in own})
        number = [scenes.index(one.scene) for one in own]
        hits = np.bincount(number, [getattr(one, hit) for one in own], len(scenes))
        tried = np.bincount(number, [getattr(one, of) for one in own], len(scenes))
        if not tried.sum():
            continue
        shares.append(hits.sum() / tried.sum())
        drawn = rng.multinomial(len(scenes), np.full(len(scenes), 1 / len(scenes)), DRAWS)
        with np.errstate(invalid="ignore"):
            draws.append((drawn @ hits) / (drawn @ tried))
    low, high = percentiles(np.nanmean(draws, axis=0))
    if not any(shares):  # draws of nothing are nothing: the rule of three, by scenes
        scenes = {
            (one.source, one.scene) for own in sources.values() for one in own if getattr(one, of)
        }
        high = round(1.0 - 0.05 ** (1 / len(scenes)), 3)
    return float(np.mean(shares)), (low, high)


def measured(
    model: Path, data: Path, dnit: Path | None, scheme: Scheme
) -> dict[str, list[Counted]]:
    """Return the counted pictures by kind ("D00"), and by all kinds of cracks ("D00+D10+D20")."""
    settings = read_settings(model)
    verify(model, settings)
    detector = OpenVinoDetector(
        settings.name,
        "",
        settings.classes,
        model / settings.network_in(settings.precision),
        settings.long_side_px,
        settings.thresholds(settings.precision),
        settings.precision,
    )
    groups = _groups(settings.classes)
    pictures: dict[str, list[Counted]] = {name: [] for name in groups}
    for row in read_manifest(data):
        camera = CAMERAS.get(row.source)
        if row.split != "val" or (camera is None and row.source not in LOOKING_DOWN):
            continue
        path = data / row.file
        image = cv2.imread(str(path))
        truth = boxes_of(beside(path, "labels", ".txt"), image.shape, settings.classes)
        found = detector.detect([Frame(0.0, image)])[0]
        unsure, size = unsure_in(row, path, image.shape), image.shape[1::-1]
        for name, kinds in groups.items():
            if kinds <= set(row.classes):
                cells = cells_of_picture(truth, found, unsure, kinds, size, camera, scheme)
                if cells is not None:
                    pictures[name].append(counted(cells, row.source, row.scene))
    if dnit is not None:
        for name, one in _of_masks(dnit, detector, scheme):
            pictures[name].append(one)
    return pictures


def _groups(classes: Sequence[str]) -> dict[str, frozenset[str]]:
    groups = {name: frozenset({name}) for name in classes}
    cracks = [name for name in CRACKS if name in classes]
    return {**groups, "+".join(cracks): frozenset(cracks)} if len(cracks) > 1 else groups


def _of_masks(
    dnit: Path, detector: OpenVinoDetector, scheme: Scheme
) -> Iterable[tuple[str, Counted]]:
    """Yield cracks and potholes of the survey's validation frames, by cells of its masks."""
    by_road = defaultdict(list)
    with (dnit / "manifest.csv").open(newline="") as rows:
        for row in csv.DictReader(rows):
            if row["split"] == "val":
                by_road[row["road"], row["width"], row["height"]].append(row["file"])
    with zipfile.ZipFile(dnit / "frames.zip") as archive:
        entries = {Path(name).name: name for name in archive.namelist()}
        for (road, *_), files in sorted(by_road.items()):
            stems = [Path(file).stem for file in files]
            lanes = [_mask(archive, entries, stem, "LANE") for stem in stems]
            camera = camera_of_lanes(lanes)
            if camera is None:
                print(f"DNIT road {road}: no camera fits its lane, {len(stems)} frames left out")
                continue
            for stem, file in zip(stems, files, strict=True):
                image = decode(archive.read(entries[Path(file).name]))
                found = detector.detect([Frame(0.0, image)])[0]
                for name, kind in (("+".join(CRACKS), "CRACK"), ("D40", "POTHOLE")):
                    mask = _mask(archive, entries, stem, kind)
                    cells = _mask_cells(mask, found, name.split("+"), camera, scheme)
                    if cells is not None:
                        yield name, counted(cells, "dnit", road)


def _mask(archive: zipfile.ZipFile, entries: Mapping[str, str], stem: str, kind: str) -> np.ndarray:
    return decode(archive.read(entries[f"{stem}_{kind}.png"]), cv2.IMREAD_GRAYSCALE)


def _mask_cells(
    mask: np.ndarray, found: Boxes, kinds: Sequence[str], camera: Camera, scheme: Scheme
) -> Cells | None:
    size = mask.shape[1], mask.shape[0]
    shown = seen_cells(camera, size, scheme)
    if shown is None:
        return None
    return Cells(
        shown,
        marked(mask, camera) & shown,
        touched(found, set(kinds), camera, size, scheme) & shown,
        near_rows(len(shown)),
    )


def toml_table(rates: Mapping[str, HitRate], sources: str) -> str:
    """Write the table as it stands in model.toml."""
    lines = [TABLE, f"# by cells of the lane, {sources}; 95 % intervals by drawing scenes"]
    for name, one in rates.items():
        values = ", ".join(f"{key} = {getattr(one, key)}" for key in one.__dataclass_fields__)
        lines.append(f'"{name}" = {{ {values} }}')
    return "\n".join(lines) + "\n"


def written(text: str, table: str) -> str:
    """Return the text of a model.toml with the table in place of an earlier one."""
    without = re.sub(rf"(?m)^{re.escape(TABLE)}\n(?:[^\[\n].*\n)*\n?", "", text)
    head, mark, rest = without.partition("[sha256]")
    return f"{head}{table}\n{mark}{rest}"


def main() -> None:
    """Measure as the command line says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--dnit", type=Path, help="survey frames with masks")
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    scheme = parse_scheme(read_scheme_text("ap9k"))
    pictures = measured(given.model, given.data, given.dnit, scheme)
    rates = {}
    for name, own in pictures.items():
        one = rates_of(own)
        for source, some in _sources(own).items():
            print(
                f"{name:12} {source:16} {len(some):4} pictures, found {_sum(some, 'found')} of "
                f"{_sum(some, 'damaged')} (near {_sum(some, 'found_near')} of "
                f"{_sum(some, 'damaged_near')}), beside {_sum(some, 'beside')}, "
                f"wrong {_sum(some, 'wrong')} of {_sum(some, 'sound')}"
            )
        if one is None:
            print(f"{name}: no source shows {LEAST_CELLS} damaged cells")
        else:
            rates[name] = one
    every = sorted({one.source for own in pictures.values() for one in own})
    table = toml_table(rates, f"validation pictures of {', '.join(every)}")
    print(table)
    if given.write:
        path = given.model / SETTINGS_FILE
        path.write_text(written(path.read_text(), table))


if __name__ == "__main__":
    main()
