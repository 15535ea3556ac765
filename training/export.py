"""Makes a model folder of trained weights: network, weights.pt, model.toml and a first CARD.md.

    python -m training.export --weights FILE --out models/NAME --version N [--default]

Then evaluate.py measures the folder and writes its figures into model.toml and CARD.md.
"""

import argparse
import hashlib
import os
import shutil
import sys
import tempfile
from pathlib import Path

os.environ.update(YOLO_OFFLINE="true", YOLO_AUTOINSTALL="false")
sys.modules["openvino_telemetry"] = None  # its import would send a usage event
from training.card import CARD, write_first_card  # noqa: E402
from training.torchvision_shim import ensure_torchvision  # noqa: E402

ensure_torchvision()
import openvino  # noqa: E402
import torch  # noqa: E402
from ultralytics import YOLO  # noqa: E402

TRACED_SHAPE = 384, 640
"""Any other multiple of 32 works as well: the network is exported with free sides."""
NETWORK, WEIGHTS = "network.xml", "weights.pt"

MODEL_TOML = """\
name = "{name}"
version = {version}
default = {default}
licence = "AGPL-3.0-or-later"
classes = [{classes}]
long_side_px = 640
confidence = 0.25
nms_iou = 0.5
precision = "f32"
network = "{network}"
weights = "{weights}"

[class_confidence]
{confidence}

[sha256]
{checksums}
"""


def export_network(weights: Path, folder: Path, *, half: bool = False) -> None:
    """Write network.xml and .bin, in f32: rounding the folded weights to f16 moves boxes.

    `half` does so nevertheless, for a candidate: half the size, computed in f32 as the other is.
    """
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / WEIGHTS
        shutil.copy(weights, copy)
        made = YOLO(copy).export(format="openvino", dynamic=True, imgsz=TRACED_SHAPE)
        xml = next(Path(made).glob("*.xml"))
        openvino.save_model(
            openvino.Core().read_model(xml), folder / NETWORK, compress_to_fp16=half
        )


def strip_weights(weights: Path, target: Path) -> None:
    """Copy weights without what training wrote beside them: paths, dates, curves."""
    checkpoint = torch.load(weights, map_location="cpu", weights_only=False)
    model = checkpoint.get("ema") or checkpoint["model"]
    model.args = {
        key: value for key, value in dict(model.args).items() if isinstance(value, int | float)
    }
    model.pt_path = WEIGHTS
    kept = {"model": model.half(), "train_args": model.args, "version": checkpoint["version"]}
    torch.save({**kept, "license": "AGPL-3.0", "epoch": -1}, target)


def write_settings(folder: Path, version: int, confidence: list[str], *, default: bool) -> None:
    """Write model.toml with the checksums of what lies in the folder."""
    names = YOLO(folder / WEIGHTS).names.values()
    files = (NETWORK, Path(NETWORK).with_suffix(".bin").name, WEIGHTS)
    checksums = "\n".join(
        f'"{name}" = "{hashlib.sha256((folder / name).read_bytes()).hexdigest()}"' for name in files
    )
    text = MODEL_TOML.format(
        name=folder.name,
        version=version,
        default=str(default).lower(),
        classes=", ".join(f'"{name}"' for name in names),
        network=NETWORK,
        weights=WEIGHTS,
        confidence="\n".join(given.replace("=", " = ") for given in confidence),
        checksums=checksums,
    )
    (folder / "model.toml").write_text(text)


def main() -> None:
    """Export what the command line names."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--version", type=int, required=True)
    parser.add_argument("--default", action="store_true")
    parser.add_argument("--half", action="store_true", help="keep the network's weights in f16")
    parser.add_argument(
        "--confidence", nargs="*", default=[], metavar="CLASS=C", help="as evaluate.py chooses"
    )
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    strip_weights(given.weights, given.out / WEIGHTS)
    export_network(given.out / WEIGHTS, given.out, half=given.half)
    write_settings(given.out, given.version, given.confidence, default=given.default)
    if write_first_card(given.out, given.version, list(YOLO(given.out / WEIGHTS).names.values())):
        sys.stdout.write(f"{given.out / CARD} has to be filled in\n")


if __name__ == "__main__":
    main()
