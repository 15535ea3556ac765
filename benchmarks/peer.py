"""The baseline: ultralytics' own prediction over a video, every n-th frame.

python benchmarks/peer.py MODEL_FOLDER VIDEO STRIDE
"""

import contextlib
import json
import os
import sys
import time
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    """Predict and print time and memory."""
    folder, video, stride = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    settings = tomllib.loads((folder / "model.toml").read_text("utf-8"))
    os.environ.update(YOLO_OFFLINE="true", YOLO_AUTOINSTALL="false")
    sys.path.insert(0, str(ROOT))
    with contextlib.redirect_stdout(sys.stderr):
        from training.torchvision_shim import ensure_torchvision  # noqa: PLC0415

        ensure_torchvision()
        from ultralytics import YOLO  # noqa: PLC0415 -- after the settings above

        model = YOLO(folder / settings["weights"])
        began = time.perf_counter()
        frames = boxes = 0
        for result in model.predict(
            video,
            stream=True,
            vid_stride=stride,
            imgsz=settings["long_side_px"],
            conf=settings["confidence"],
            iou=settings["nms_iou"],
            device="cpu",
            verbose=False,
        ):
            frames += 1
            boxes += len(result.boxes)
        seconds = time.perf_counter() - began
    print(json.dumps({"frames": frames, "boxes": boxes, "predict_s": seconds}))


if __name__ == "__main__":
    main()
