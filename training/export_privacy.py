"""Makes the model folder of the privacy network of trained weights.

    python -m training.export_privacy --weights FILE --out models/NAME --version N

Then privacy_figures.py measures it. Confidences are low on purpose: who is not found is shown.
"""

import argparse
import hashlib
from pathlib import Path

from training.export import NETWORK, WEIGHTS, export_network, strip_weights

LONG_SIDE_PX = 640
"""Of the careful look at pictures that are kept; the quick one takes fewer."""
CONFIDENCE = 0.03
NMS_IOU = 0.6

MODEL_TOML = """\
name = "{name}"
version = {version}
default = true
task = "privacy"
licence = "AGPL-3.0-or-later"
classes = ["person", "rider", "vehicle"]
long_side_px = {long_side_px}
confidence = {confidence}
nms_iou = {nms_iou}
precision = "f32"
network = "{network}"
weights = "{weights}"

[sha256]
{checksums}
"""


def write_settings(folder: Path, version: int) -> None:
    """Write model.toml with the checksums of what lies in the folder."""
    files = (NETWORK, Path(NETWORK).with_suffix(".bin").name, WEIGHTS)
    checksums = "\n".join(
        f'"{name}" = "{hashlib.sha256((folder / name).read_bytes()).hexdigest()}"' for name in files
    )
    text = MODEL_TOML.format(
        name=folder.name,
        version=version,
        long_side_px=LONG_SIDE_PX,
        confidence=CONFIDENCE,
        nms_iou=NMS_IOU,
        network=NETWORK,
        weights=WEIGHTS,
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
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    strip_weights(given.weights, given.out / WEIGHTS)
    export_network(given.out / WEIGHTS, given.out)
    write_settings(given.out, given.version)


if __name__ == "__main__":
    main()
