"""Measures a model folder on a dataset folder of prepare.py, through roadscan.detect (no torch).

    python -m training.evaluate --model models/NAME --data DIR --split val
    python -m training.evaluate --model models/NAME --data DIR [--pictures DIR] [--write]

`--split val` proposes temperature and confidences, chosen on the validation pictures seen from
vehicles; `--write` puts those into model.toml. On the test split `--write` puts the figures into
model.toml and CARD.md. `--precision int8` measures the quantised network, and chooses confidences
of its own for it; the temperature stays, and so do figures that are not of the model's precision.
`--pictures` draws curves, reliability diagrams and contact sheets of misses
and false alarms: of the pictures themselves, so into a folder outside the repository.
"""

import argparse
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from roadscan.detect.detection_metrics import overlaps
from roadscan.detect.model_folder import (
    PRECISIONS,
    Figures,
    ModelSettings,
    Precision,
    read_settings,
)
from training.calibration import at_temperature, pool, reliability, temperature
from training.card import CARD, END, START
from training.drawings import contact_sheet, curves, diagram
from training.intervals import interval, mean_interval
from training.measure import (
    ENOUGH_BOXES,
    Seen,
    chosen_confidence,
    measure,
    pooled,
    recall_at_precision,
    scaled,
    summary,
    table_of,
)
from training.model_toml import INT8_TABLE, without_table

NOTHING = "background"
AHEAD = "vehicle", "survey"


def figures_table(measured: dict[str, list[Seen]], confidence: dict[str, float]) -> str:
    """Write the figures as a Markdown table, with 95 % intervals."""
    lines = [
        "| pictures | class | true boxes | AP50 | 95 % | AP50-95 | precision | recall "
        "| F1 | 95 % |",
        "| --- " * 10 + "|",
    ]
    for name, seen in measured.items():
        for kind, row in table_of(seen, confidence).items():
            if not row.boxes:
                continue
            ap50, f1 = interval(seen, kind, confidence[kind])
            cells = (
                f"{row.ap50:.2f}",
                f"{ap50[0]:.2f}–{ap50[1]:.2f}",
                f"{row.ap50_95:.2f}",
                f"{row.precision:.2f}",
                f"{row.recall:.2f}",
                f"{row.f1:.2f}",
                f"{f1[0]:.2f}–{f1[1]:.2f}",
            )
            lines.append(f"| {name} | {kind} | {row.boxes} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def summaries(measured: dict[str, list[Seen]], confidence: dict[str, float]) -> str:
    """Say each set in a line: mAP50, pooled F1, and what is found where nothing is."""
    lines = []
    for name, seen in measured.items():
        found = summary(seen, confidence)
        if found.map50 is not None:
            low, high = mean_interval(seen, {kind: confidence[kind] for kind in found.kinds})
            kinds = ", ".join(found.kinds)
            lines.append(
                f"- `{name}`, classes with {ENOUGH_BOXES} boxes or more ({kinds}): mAP50 "
                f"{found.map50:.2f} ({low:.2f}–{high:.2f}), F1 over all their boxes {found.f1:.2f}."
            )
        potholes = pooled(seen, "D40")
        if name.startswith("survey") and potholes.boxes:
            reached = recall_at_precision(potholes, 0.5)
            lines.append(
                f"- `{name}`: recall of potholes where half of them are right {reached:.2f}."
            )
        if seen and not any(len(one.truth.kind) for one in seen):
            alarms = sum(confusion(seen, confidence).values())
            lines.append(f"- `{name}`: {alarms} boxes in {len(seen)} pictures of sound road.")
    return "\n".join(lines)


def confusion(seen: Sequence[Seen], confidence: dict[str, float]) -> Counter[tuple[str, str]]:
    """Count pairs (true class, found class), background standing for the other half of a pair.

    Boxes above the confidence are matched regardless of class, the most confident first, to the
    true box that they overlap most, from an overlap of one half on. Boxes of a class that the
    picture's source does not label count for nothing.
    """
    pairs: Counter[tuple[str, str]] = Counter()
    for one in seen:
        shares = overlaps(one.found.xyxy, one.truth.xyxy)
        free = set(range(len(one.truth.kind)))
        for number in sorted(range(len(one.found.kind)), key=lambda n: -one.found.confidence[n]):
            kind = one.found.kind[number]
            if kind not in one.tallies or one.found.confidence[number] < confidence.get(kind, 1.0):
                continue
            best = max(free, key=lambda true: shares[number, true], default=None)
            if best is not None and shares[number, best] >= 0.5:
                free.discard(best)
                pairs[one.truth.kind[best], kind] += 1
            else:
                pairs[NOTHING, kind] += 1
        for true in free:
            pairs[one.truth.kind[true], NOTHING] += 1
    return pairs


def confusion_table(pairs: Counter[tuple[str, str]], classes: Sequence[str]) -> str:
    """Write the confusion as a Markdown table: rows are true, columns found."""
    columns = [*classes, NOTHING]
    lines = [
        f"| true | {' | '.join(columns[:-1])} | not found |",
        "| --- |" + " --- |" * len(columns),
    ]
    for true in columns:
        cells = [
            str(pairs[true, found]) if (true, found) != (NOTHING, NOTHING) else ""
            for found in columns
        ]
        lines.append(f"| {'nothing' if true == NOTHING else true} | {' | '.join(cells)} |")
    return "\n".join(lines)


def write_figures(folder: Path, text: str, rows: dict[str, dict[str, Figures]]) -> None:
    """Replace the figures of model.toml, and in CARD.md what stands between its two marks."""
    toml = folder / "model.toml"
    lines = []
    for name, kinds in rows.items():
        lines.append(f"\n[figures.{name}]")
        for kind, row in kinds.items():
            given = (f"{key} = {value}" for key, value in row.model_dump(exclude_none=True).items())
            if row.boxes:
                lines.append(f"{kind} = {{ {', '.join(given)} }}")
    head = toml.read_text().split("\n[figures.")[0].rstrip("\n")
    toml.write_text(head + "\n" + "\n".join(lines) + "\n")
    card = folder / CARD
    inside = f"{START}\n{text}\n{END}"
    card.write_text(re.sub(f"{START}.*{END}", lambda _: inside, card.read_text(), flags=re.DOTALL))


def write_choice(folder: Path, value: float, confidence: dict[str, float]) -> None:
    """Put temperature and confidences into model.toml."""
    toml = folder / "model.toml"
    text = re.sub(r"(?m)^temperature = .*\n", "", toml.read_text())
    text = re.sub(r"(?m)^(nms_iou = .*\n)", rf"\g<1>temperature = {value}\n", text)
    chosen = "".join(f"{kind} = {level}\n" for kind, level in confidence.items())
    text = re.sub(
        r"(?m)^\[class_confidence\]\n(\w+ = .*\n)*", f"[class_confidence]\n{chosen}", text
    )
    toml.write_text(text)


def write_choice_int8(folder: Path, confidence: dict[str, float]) -> None:
    """Put the confidences of the quantised network into model.toml."""
    toml = folder / "model.toml"
    head, rest = without_table(toml.read_text(), INT8_TABLE).split("[sha256]\n", maxsplit=1)
    chosen = "".join(f"{kind} = {level}\n" for kind, level in confidence.items())
    toml.write_text(f"{head}{INT8_TABLE}\n{chosen}\n[sha256]\n{rest}")


def choose_int8(folder: Path, data: Path, pictures: Path | None, *, write: bool) -> None:
    """Choose the quantised network's confidences on the validation split, temperature as it is."""
    settings = read_settings(folder)
    measured = measure(folder, data, "val", precision="int8")
    chosen = chosen_confidence(measured, settings.classes)
    used = {kind: chosen.get(kind, settings.confidence) for kind in settings.classes}
    print(figures_table(measured, used))
    print(summaries(measured, used))
    print("confidences:", " ".join(f"{kind}={level:.2f}" for kind, level in chosen.items()))
    if pictures:
        pictures.mkdir(parents=True, exist_ok=True)
        _draw(measured, used, settings, data, pictures)
    if write:
        write_choice_int8(folder, chosen)


def choose(folder: Path, data: Path, pictures: Path | None, *, write: bool) -> None:
    """Choose temperature and confidences on the validation split."""
    settings = read_settings(folder)
    raw = measure(folder, data, "val", temperature=1.0, precision="f32")
    ahead = [*raw["vehicle_val"], *raw["survey_val"]]
    confidence, hit = pool([tally for one in ahead for tally in one.tallies.values()])
    value = temperature(confidence, hit)
    before = reliability(confidence, hit)
    after = reliability(at_temperature(confidence, value), hit)
    measured = {
        name: scaled(seen, lambda given: at_temperature(given, value)) for name, seen in raw.items()
    }
    chosen = chosen_confidence(measured, settings.classes)
    used = {kind: chosen.get(kind, settings.confidence) for kind in settings.classes}
    print(figures_table(measured, used))
    print(summaries(measured, used))
    print(f"temperature {value}: calibration error {before.error:.3f} -> {after.error:.3f}")
    print("confidences:", " ".join(f"{kind}={level:.2f}" for kind, level in chosen.items()))
    if pictures:
        pictures.mkdir(parents=True, exist_ok=True)
        diagram(before, after, pictures / "reliability_val.png", "validation, from vehicles")
    if write:
        write_choice(folder, value, chosen)


def report(
    folder: Path, data: Path, precision: Precision, pictures: Path | None, *, write: bool
) -> None:
    """Measure the test split at the settings of model.toml."""
    settings = read_settings(folder)
    least = settings.thresholds(precision).confidence
    confidence = dict(zip(settings.classes, least, strict=True))
    every = measure(folder, data, "test", precision=precision)
    measured = {name: seen for name, seen in every.items() if seen}
    text = "\n\n".join(
        (
            figures_table(measured, confidence),
            summaries(measured, confidence),
            "What the boxes of `vehicle_test` were taken for:",
            confusion_table(confusion(measured["vehicle_test"], confidence), settings.classes),
        )
    )
    print(text)
    if pictures:
        _draw(measured, confidence, settings, data, pictures)
    if write:
        write_figures(
            folder, text, {name: table_of(seen, confidence) for name, seen in measured.items()}
        )


def _draw(
    measured: dict[str, list[Seen]],
    confidence: dict[str, float],
    settings: ModelSettings,
    data: Path,
    pictures: Path,
) -> None:
    pictures.mkdir(parents=True, exist_ok=True)
    for name, seen in measured.items():
        tallies = {kind: pooled(seen, kind) for kind in settings.classes}
        title = f"{settings.name} {settings.version}, {name}"
        curves(tallies, confidence, pictures / f"curves_{name}.png", title)
        contact_sheet(seen, confidence, data, pictures / f"sheet_{name}.png")
        given, hit = pool(list(tallies.values()))
        print(f"{name}: calibration error {reliability(given, hit).error:.3f}")


def main() -> None:
    """Measure as the command line says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--split", choices=("val", "test"), default="test")
    parser.add_argument("--pictures", type=Path, metavar="DIR")
    parser.add_argument("--precision", choices=PRECISIONS, help="that of model.toml if not given")
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    precision = given.precision or read_settings(given.model).precision
    if given.split == "test":
        if given.write and precision != read_settings(given.model).precision:
            parser.error("the figures of model.toml are those of its own precision")
        report(given.model, given.data, precision, given.pictures, write=given.write)
    else:
        run = choose_int8 if given.precision == "int8" else choose
        run(given.model, given.data, given.pictures, write=given.write)


if __name__ == "__main__":
    main()
