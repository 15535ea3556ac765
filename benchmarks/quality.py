"""Error rates of the frame quality gate, rule by rule, and its cost.

    ROADSCAN_REAL_DATA=FOLDER python benchmarks/quality.py [--spoiled 12] [--fault NAME] [--recall]
    ROADSCAN_REAL_DATA=FOLDER python benchmarks/quality.py --turned

Good frames are real ones in daylight: pictures from a motorbike (RDD2022), a survey vehicle (DNIT)
and a dash camera on a motorway; frames of the rendered sample drive are listed separately. Each is
degraded by known amounts. Below the amount at which a rule should reject a frame, a rejection is as
wrong as for an undegraded one. `--recall` adds, for each amount, the share of true boxes that the
default model still finds in pictures with boxes (at the confidences of model.toml). `--turned`
shows what the gate, which has no rule for it, does with views without a road ahead: real frames
turned or cut, road from straight above, everyday pictures.
"""

import argparse
import os
import statistics
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import process_time

import av
import cv2
import numpy as np

from roadscan.detect.detection_metrics import LEAST_CONFIDENCE, Tally, count
from roadscan.detect.detector import load_detector
from roadscan.detect.frame_quality import check_frame
from roadscan.detect.model_folder import open_model
from roadscan.model.arrays import Image
from roadscan.model.frame import Boxes, Frame, FrameRejection

SAMPLE = Path(__file__).resolve().parents[1] / "data_samples" / "drive.mp4"
Spoil = Callable[[Image], Image]


@dataclass(frozen=True)
class Amount:
    """A fault of known strength; `stop` are the correct reasons, empty where it is mild."""

    fault: str
    strength: str
    spoil: Spoil
    stop: frozenset[FrameRejection] = frozenset()


def dark(image: Image, factor: float) -> Image:
    """Reduce the light to a share."""
    return (image * factor).astype(np.uint8)


def bright(image: Image, gain: float) -> Image:
    """Overexpose."""
    return np.clip(image * gain, 0, 255).astype(np.uint8)


def defocus(image: Image, parts: int) -> Image:
    """Blur by a Gaussian with a standard deviation relative to the width."""
    return cv2.GaussianBlur(image, (0, 0), image.shape[1] / parts).astype(np.uint8)


def smear(image: Image, parts: int, angle_deg: float) -> Image:
    """Blur along a line with a length relative to the width, as vibration or speed does."""
    fine = 8
    length = image.shape[1] / parts
    side = 2 * int(np.ceil(length / 2)) + 3
    reach = length / 2 * np.array([np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))])
    ends = [tuple(round(value) for value in fine * (side / 2 + sign * reach)) for sign in (-1, 1)]
    drawn = np.zeros((side * fine, side * fine), np.float32)
    cv2.line(drawn, ends[0], ends[1], 1.0, fine)
    kernel = cv2.resize(drawn, (side, side), interpolation=cv2.INTER_AREA)
    return cv2.filter2D(image, -1, kernel / kernel.sum()).astype(np.uint8)


def dirt(image: Image, share: float) -> Image:
    """Cover a share of the lower half with dull spots, out of focus."""
    height, width = image.shape[:2]
    rng = np.random.default_rng(int(share * 100))
    mask = np.zeros((height, width), np.float32)
    while mask[height // 2 :].mean() < share:
        at = rng.uniform(0, width), rng.uniform(height * 0.45, height)
        cv2.circle(mask, (int(at[0]), int(at[1])), int(rng.uniform(0.05, 0.14) * width), 1.0, -1)
    mask = cv2.GaussianBlur(mask, (0, 0), width / 100)[..., None]
    veil = _washed(image, 12) * 0.5 + 45
    return (image * (1 - mask) + veil * mask).astype(np.uint8)


def _washed(image: Image, parts: int) -> Image:
    """Blur so widely that it is done on a small copy."""
    height, width = image.shape[:2]
    small = cv2.resize(
        image, (max(1, width // 8), max(1, height // 8)), interpolation=cv2.INTER_AREA
    )
    return cv2.resize(defocus(small, parts), (width, height), interpolation=cv2.INTER_CUBIC)


def wiper(image: Image, share: float) -> Image:
    """Draw a dark wiper blade across, with a width relative to the picture's."""
    height, width = image.shape[:2]
    mask = np.zeros((height, width), np.float32)
    foot, half = np.array([0.35 * width, height]), share * width / 2
    tip = np.array([0.75 * width, 0.1 * height])
    across = np.array([tip[1] - foot[1], foot[0] - tip[0]]) / np.linalg.norm(tip - foot) * half
    corners = [foot - across, foot + across, tip + across, tip - across]
    cv2.fillPoly(mask, [np.array(corners, np.int32)], 1.0)
    mask = cv2.GaussianBlur(mask, (0, 0), width / 150)[..., None]
    return (image * (1 - mask) + 25 * mask).astype(np.uint8)


def bonnet(image: Image, share: float, mirror: float = 0.5) -> Image:
    """Fill a share of the height from below with paint that mirrors what is above it."""
    height, width = image.shape[:2]
    high = round(height * share)
    edge = height - high + 0.2 * high * ((np.arange(width) - width / 2) / (width / 2)) ** 2
    body = np.arange(height)[:, None] > edge
    above = cv2.resize(image[: height - high][::-1], (width, high))
    paint = np.zeros_like(image)
    paint[height - high :] = _washed(above, 30) * mirror + 40 * (1 - mirror)
    return np.where(body[..., None], paint, image).astype(np.uint8)


UNTOUCHED = Amount("none", "as it is", lambda image: image)
DARK, BRIGHT = frozenset({FrameRejection.TOO_DARK}), frozenset({FrameRejection.TOO_BRIGHT})
BLURRED = frozenset({FrameRejection.BLURRED})
HIDDEN = frozenset({FrameRejection.BLOCKED, FrameRejection.BONNET})
AMOUNTS = (
    *(Amount("dark", f"{f:g} of the light", partial(dark, factor=f)) for f in (0.5, 0.35)),
    *(Amount("dark", f"{f:g} of the light", partial(dark, factor=f), DARK) for f in (0.2, 0.12)),
    *(Amount("blown out", f"{g:g} times", partial(bright, gain=g)) for g in (1.25, 1.5)),
    *(Amount("blown out", f"{g:g} times", partial(bright, gain=g), BRIGHT) for g in (2.5, 4.0)),
    Amount("out of focus", "1/960", partial(defocus, parts=960)),
    *(Amount("out of focus", f"1/{n}", partial(defocus, parts=n), BLURRED) for n in (240, 120)),
    *(
        Amount(f"smeared at {a} deg", f"1/{n}", partial(smear, parts=n, angle_deg=a), stop)
        for a in (0, 45, 90)
        for n, stop in ((240, frozenset()), (120, BLURRED), (60, BLURRED), (30, BLURRED))
    ),
    *(Amount("dirt", f"{s:g} of the road", partial(dirt, share=s)) for s in (0.1, 0.25)),
    *(Amount("dirt", f"{s:g} of the road", partial(dirt, share=s), HIDDEN) for s in (0.5, 0.7)),
    *(Amount("wiper", f"{s:g} of the width", partial(wiper, share=s)) for s in (0.06, 0.15)),
    Amount("wiper", "0.5 of the width", partial(wiper, share=0.5), HIDDEN),
    *(Amount("bonnet", f"{s:g} of the height", partial(bonnet, share=s)) for s in (0.1, 0.2)),
    *(
        Amount("bonnet", f"{s:g} of the height", partial(bonnet, share=s), HIDDEN)
        for s in (0.4, 0.5)
    ),
)

VIEWS: dict[str, Spoil] = {
    "upside down": lambda image: image[::-1, ::-1],
    "on its side": lambda image: np.ascontiguousarray(np.rot90(image)),
    "into the sky (upper half)": lambda image: image[: image.shape[0] // 2],
    "beside the road (left third)": lambda image: image[
        image.shape[0] // 5 : image.shape[0] * 7 // 10, : image.shape[1] // 3
    ],
}


def unpacked(archive: zipfile.ZipFile, kept: str) -> Iterator[tuple[str, Image]]:
    """Yield the pictures whose names hold `kept`, in the order of their names."""
    for name in sorted(n for n in archive.namelist() if n.endswith(".jpg") and kept in n):
        yield name, cv2.imdecode(np.frombuffer(archive.read(name), np.uint8), cv2.IMREAD_COLOR)


def zipped(path: Path, kept: str) -> Iterator[tuple[Image, Boxes]]:
    """Yield the pictures of an archive with their boxes, where it has labels of them."""
    classes = ("D00", "D10", "D20", "D40", "Repair")
    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
        for name, image in unpacked(archive, kept):
            labels = name.replace("images/", "labels/").replace(".jpg", ".txt")
            lines = archive.read(labels).decode().splitlines() if labels in names else []
            rows = np.array([line.split() for line in lines], float).reshape(-1, 5)
            centre = rows[:, 1:3] * image.shape[1::-1]
            half = rows[:, 3:5] * image.shape[1::-1] / 2
            kinds = tuple(classes[int(number)] for number in rows[:, 0])
            yield image, Boxes(np.hstack([centre - half, centre + half]), np.ones(len(rows)), kinds)


def video(path: Path) -> Iterator[tuple[Image, Boxes]]:
    """Yield the frames of a video."""
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            yield frame.to_ndarray(format="bgr24"), Boxes(np.empty((0, 4)), np.empty(0), ())


def sources(real: Path) -> dict[str, tuple[Iterator[tuple[Image, Boxes]], int]]:
    """Return the frames by source, and the sampling interval of each."""
    return {
        "motorbike": (zipped(real / "rdd" / "rdd.zip", "MotorBike"), 1),
        "survey": (zipped(real / "dnit" / "frames.zip", ""), 1),
        "survey drive": (zipped(real / "dnit" / "drive.zip", ""), 1),
        "motorway clip": (video(real / "video" / "driving_solid_white_right.mp4"), 3),
        "rendered": (video(SAMPLE), 5),
    }


def stopped(frames: list[Image], amount: Amount) -> Counter[FrameRejection | None]:
    """Count the gate's verdicts on frames degraded by an amount."""
    return Counter(check_frame(amount.spoil(frame)) for frame in frames)


def rates(
    by_source: dict[str, list[Image]], amounts: Sequence[Amount], spoiled: int
) -> Iterator[str]:
    """Yield the share of each source that is rejected, and the reasons, by fault and amount."""
    yield f"| fault | amount | should | {' | '.join(by_source)} | stopped as |"
    yield "| --- | --- | --- |" + " --- |" * (len(by_source) + 1)
    for amount in amounts:
        found = {}
        for name, frames in by_source.items():
            step = 1 if amount is UNTOUCHED else max(1, len(frames) // spoiled)
            found[name] = stopped(frames[::step], amount)
        shares = [f"{100 * (1 - counts[None] / counts.total()):.1f} %" for counts in found.values()]
        reasons = sum(found.values(), Counter[FrameRejection | None]())
        del reasons[None]
        said = ", ".join(f"{reason} {number}" for reason, number in reasons.most_common() if reason)
        should = "stop" if amount.stop else "pass"
        yield f"| {amount.fault} | {amount.strength} | {should} | {' | '.join(shares)} | {said} |"


def turned(real: Path) -> Iterator[str]:
    """Yield the gate's verdicts on views without a road ahead."""
    yield "| view | source | pictures | stopped | stopped as |\n| --- | --- | --- | --- | --- |"
    views: list[tuple[str, str, list[Image]]] = []
    for name, (frames, step) in sources(real).items():
        if name != "rendered":
            kept_frames = [image for image, _ in list(frames)[:: 8 * step]]
            views += [(view, name, list(map(turn, kept_frames))) for view, turn in VIEWS.items()]
    others = {"straight down": ("rdd", "Drone", 6), "everyday pictures": ("street", "", 1)}
    for view, (name, kept, step) in others.items():
        with zipfile.ZipFile(real / name / f"{name}.zip") as archive:
            views.append((view, name, [image for _, image in unpacked(archive, kept)][::step]))
    for view, name, images in views:
        counts = Counter(check_frame(image) for image in images)
        share = 100 * (1 - counts.pop(None, 0) / len(images))
        said = ", ".join(f"{reason} {number}" for reason, number in counts.most_common())
        yield f"| {view} | {name} | {len(images)} | {share:.0f} % | {said} |"


def recalls(pictures: list[tuple[Image, Boxes]]) -> str:
    """Print the share of true boxes that the default model finds at each amount."""
    model = open_model()
    settings = model.settings
    least = dict(zip(settings.classes, model.thresholds.confidence, strict=True))
    detector = load_detector()
    lines = ["| fault | amount | recall | stopped |", "| --- | --- | --- | --- |"]
    for amount in (UNTOUCHED, *AMOUNTS):
        tallies = {name: Tally() for name in settings.classes}
        gone = 0
        for image, truth in pictures:
            spoiled = amount.spoil(image)
            gone += check_frame(spoiled) is not None
            count(detector.detect([Frame(0.0, spoiled)])[0], truth, tallies)
        right = sum(
            bool(hit[0]) and confidence >= max(LEAST_CONFIDENCE, least[name])
            for name, tally in tallies.items()
            for hit, confidence in zip(tally.hit, tally.confidence, strict=True)
        )
        boxes = sum(tally.boxes for tally in tallies.values())
        shares = f"{right / boxes:.2f} | {100 * gone / len(pictures):.0f} %"
        lines.append(f"| {amount.fault} | {amount.strength} | {shares} |")
    return "\n".join(lines)


def speed(frames: list[Image]) -> str:
    """Return the processor time of the gate and of the detector, frame by frame in turn."""
    detector = load_detector()
    gate, network = [], []
    for frame in frames:
        began = process_time()
        check_frame(frame)
        gate.append(1000 * (process_time() - began))
        began = process_time()
        detector.detect([Frame(0.0, frame)])
        network.append(1000 * (process_time() - began))
    ratio = statistics.median(one / other for one, other in zip(gate, network, strict=True))
    height, width = frames[0].shape[:2]
    return (
        f"{width} x {height}: gate {statistics.median(gate):.1f} ms, detector "
        f"{statistics.median(network):.1f} ms (medians of {len(frames)}), ratio {ratio:.3f}"
    )


def main() -> None:
    """Run the benchmark from the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--spoiled", type=int, default=12, help="frames per source to degrade")
    parser.add_argument(
        "--fault", nargs="*", default=[""], help="only faults whose names contain this"
    )
    parser.add_argument("--recall", action="store_true")
    parser.add_argument("--turned", action="store_true")
    given = parser.parse_args()
    real = Path(os.environ["ROADSCAN_REAL_DATA"])
    if given.turned:
        print("\n".join(turned(real)))
        return
    by_source = {
        name: [image for image, _ in list(frames)[::step]]
        for name, (frames, step) in sources(real).items()
    }
    print(", ".join(f"{len(frames)} frames {name}" for name, frames in by_source.items()), "\n")
    amounts = [
        amount
        for amount in (UNTOUCHED, *AMOUNTS)
        if any(name in amount.fault for name in given.fault)
    ]
    for line in rates(by_source, amounts, given.spoiled):
        print(line, flush=True)
    print("\n" + speed(by_source["rendered"][:40]))
    if given.recall:
        pictures = [pair for pair in zipped(real / "rdd" / "rdd.zip", "MotorBike") if pair[1].kind]
        print("\n" + recalls(pictures[::8]))


if __name__ == "__main__":
    main()
