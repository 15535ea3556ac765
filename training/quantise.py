"""Quantises the network of a model folder to 8 bits, calibrated on training pictures.

    python -m training.quantise --model models/NAME --data DIR [--pictures 300] [--default]

Writes network_int8.xml and .bin beside network.xml and puts them into model.toml. Pictures come
from DIR/images/train, spread over its names, brought into the network's input as roadscan.detect
does. Of the head, what turns the answer into boxes stays in f32. The quantised network is less sure
of the same boxes: `training.evaluate --split val --precision int8 --write` chooses confidences of
its own for it. `--default` has the model run in
int8 where nothing else is asked for: only where `roadscan model evaluate int8:NAME` loses less than
0.01 mAP50 against `f32:NAME`.
"""

import argparse
import hashlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path

sys.modules["openvino_telemetry"] = None  # its import would send a usage event
import cv2  # noqa: E402
import nncf  # noqa: E402
import numpy as np  # noqa: E402
import openvino  # noqa: E402

from roadscan.detect.letterbox import Letterbox  # noqa: E402
from roadscan.detect.model_folder import SETTINGS_FILE, read_settings  # noqa: E402
from training.model_toml import INT8_TABLE, without_table  # noqa: E402

NETWORK_INT8 = "network_int8.xml"
PICTURES = 300
"""As many as nncf asks for."""


def inputs(folder: Path, count: int, long_side_px: int) -> Iterator[np.ndarray]:
    """Yield pictures as the network sees them: (1, 3, height, width) RGB, 0..1."""
    paths = sorted(folder.rglob("*.jpg"))
    for path in paths[:: max(1, len(paths) // count)][:count]:
        image = cv2.imread(str(path))
        bgr = Letterbox.fit(image.shape[:2], long_side_px).apply(image)
        yield np.ascontiguousarray(bgr[..., ::-1].transpose(2, 0, 1))[None] / np.float32(255)


def quantise(network: Path, calibration: list[np.ndarray]) -> openvino.Model:
    """Quantise weights and activations after training; the arithmetic of boxes is left alone."""
    model = openvino.Core().read_model(network)
    numbers = [re.search(r"model\.(\d+)", op.get_friendly_name()) for op in model.get_ops()]
    head = max(int(found.group(1)) for found in numbers if found)
    inside = rf".*module\.model\.{head}/aten::"
    kept = nncf.IgnoredScope(
        patterns=[rf"{inside}(add|sub|mul|div|softmax).*", rf".*module\.model\.{head}\.dfl.*"],
        types=["Sigmoid"],
        validate=False,
    )
    return nncf.quantize(
        model,
        nncf.Dataset(calibration),
        preset=nncf.QuantizationPreset.MIXED,
        subset_size=len(calibration),
        ignored_scope=kept,
    )


def settings_with(text: str, files: list[Path], *, default: bool) -> str:
    """Name the quantised network and its checksums in the text of a model.toml.

    Confidences that were chosen for an earlier one go.
    """
    lines = [
        line
        for line in without_table(text, INT8_TABLE).splitlines()
        if not line.startswith(("network_int8", f'"{Path(NETWORK_INT8).stem}'))
    ]
    lines.insert(_after(lines, "network ="), f'network_int8 = "{NETWORK_INT8}"')
    if default:
        lines = ['precision = "int8"' if line.startswith("precision") else line for line in lines]
    sums = [f'"{file.name}" = "{hashlib.sha256(file.read_bytes()).hexdigest()}"' for file in files]
    place = _after(lines, "[sha256]")
    return "\n".join([*lines[:place], *sums, *lines[place:]]) + "\n"


def _after(lines: list[str], start: str) -> int:
    return next(number for number, line in enumerate(lines, start=1) if line.startswith(start))


def main() -> None:
    """Quantise the model that the command line names."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--pictures", type=int, default=PICTURES)
    parser.add_argument("--default", action="store_true")
    given = parser.parse_args()
    settings = read_settings(given.model)
    folder = given.data / "images" / "train"
    calibration = list(inputs(folder, given.pictures, settings.long_side_px))
    made = quantise(given.model / settings.network, calibration)
    xml = given.model / NETWORK_INT8
    openvino.save_model(made, xml, compress_to_fp16=False)
    toml = given.model / SETTINGS_FILE
    text = settings_with(toml.read_text(), [xml, xml.with_suffix(".bin")], default=given.default)
    toml.write_text(text)
    print(f"{xml}, calibrated on {len(calibration)} pictures of {folder}")


if __name__ == "__main__":
    main()
