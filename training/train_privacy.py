"""Trains the privacy network on a dataset folder of privacy_data.py.

    python -m training.train_privacy --data DATA --start BACKBONE.pt --name NAME

`--hours` bounds it. Curves and weights land in runs/NAME; the last weights count: there is nothing
to choose among, for what people labelled is for measuring.
"""

import argparse
import os
from pathlib import Path

os.environ.update(YOLO_OFFLINE="true", YOLO_AUTOINSTALL="false")
from training.torchvision_shim import ensure_torchvision

ensure_torchvision()
import torch  # noqa: E402
import ultralytics.engine.trainer as ultralytics_trainer  # noqa: E402
from ultralytics import YOLO, settings  # noqa: E402

from training.cpu_speed import f32_weight_gradients  # noqa: E402

RUNS = Path(__file__).resolve().parent.parent / "runs"

SETTINGS = {
    "imgsz": 448,
    "batch": 16,
    "epochs": 60,
    "optimizer": "AdamW",
    "lr0": 0.0015,
    "lrf": 0.02,
    "cos_lr": True,
    "warmup_epochs": 0.5,
    "weight_decay": 0.0005,
    "patience": 0,
    "save_period": 3,
    "seed": 0,
    "workers": 0,
    "cache": "ram",
    "amp": False,  # on a GPU ultralytics' check downloads a model; bf16 is set below
    "val": False,
    "plots": False,
    # Cars come near and far, cut by the edge, in any light: scale much, never upside down.
    "flipud": 0.0,
    "fliplr": 0.5,
    "degrees": 2.0,
    "scale": 0.5,
    "translate": 0.15,
    "hsv_h": 0.015,
    "hsv_s": 0.5,
    "hsv_v": 0.4,
    "mosaic": 0.7,
    "close_mosaic": 2,
}


def compute_in_bf16(device: str) -> None:
    """Let the forward pass run in bf16: on a CPU with avx512_bf16 nearly twice as fast."""
    kind = "cpu" if device == "cpu" else "cuda"
    ultralytics_trainer.autocast = lambda *_, **__: torch.autocast(kind, torch.bfloat16)


def channels_last(trainer: ultralytics_trainer.BaseTrainer) -> None:
    """Lay the weights out the way convolutions read them."""
    trainer.model.to(memory_format=torch.channels_last)


def main() -> None:
    """Train as the command line says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--start", required=True, help="weights whose backbone knows the world")
    parser.add_argument("--name", required=True)
    parser.add_argument("--hours", type=float, default=0.5)
    given = parser.parse_args()
    settings.update({"sync": False})
    device = "0" if torch.cuda.is_available() else "cpu"
    compute_in_bf16(device)
    f32_weight_gradients()
    model = YOLO(given.start)
    model.add_callback("on_pretrain_routine_end", channels_last)
    model.train(
        data=str(given.data / "data.yaml"),
        project=str(RUNS),
        name=given.name,
        exist_ok=True,
        time=given.hours,
        device=device,
        **SETTINGS,
    )


if __name__ == "__main__":
    main()
