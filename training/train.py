"""Trains the damage detector on a dataset folder of prepare.py; goes on from a checkpoint.

    python training/train.py --data DIR --start WEIGHTS --name NAME [--hours H] [--resume]

Curves, checkpoints and weights land in runs/NAME. The settings that matter stand below.
"""

import argparse
import csv
import os
import sys
from pathlib import Path

os.environ.update(YOLO_OFFLINE="true", YOLO_AUTOINSTALL="false")
sys.path.insert(0, str(Path(__file__).parent))
from torchvision_shim import ensure_torchvision

ensure_torchvision()
import torch  # noqa: E402
import ultralytics.engine.trainer as ultralytics_trainer  # noqa: E402
from ultralytics import YOLO, settings  # noqa: E402
from ultralytics.utils.loss import v8DetectionLoss  # noqa: E402

RUNS = Path(__file__).resolve().parent.parent / "runs"

SETTINGS = {
    "imgsz": 448,
    "batch": 16,
    "optimizer": "AdamW",
    "lr0": 0.001,
    "lrf": 0.02,
    "cos_lr": True,
    "warmup_epochs": 1.0,
    "weight_decay": 0.0005,
    "patience": 0,
    "save_period": 4,
    "seed": 0,
    "workers": 0,
    "cache": "ram",
    "amp": False,  # on a GPU ultralytics' check downloads a model; bf16 is set below
    # The road is below and lit from above: never upside down. Size says distance: scale a little.
    "flipud": 0.0,
    "fliplr": 0.5,
    "degrees": 2.0,
    "scale": 0.4,
    "translate": 0.1,
    "hsv_h": 0.01,
    "hsv_s": 0.4,
    "hsv_v": 0.4,
    "mosaic": 0.6,
    "close_mosaic": 3,
}


def compute_in_bf16(device: str) -> None:
    """Let the forward pass run in bf16: on a CPU with avx512_bf16 nearly twice as fast."""
    kind = "cpu" if device == "cpu" else "cuda"
    ultralytics_trainer.autocast = lambda *_, **__: torch.autocast(kind, torch.bfloat16)


class LabelledClassesLoss(v8DetectionLoss):
    """The detection loss, without the classes that a picture's source does not label.

    A survey frame whose cracks have no boxes must not teach that cracks are background. Holds
    without mosaic only, where a picture of the batch is one picture of the manifest.
    """

    def __init__(self, model: torch.nn.Module, manifest: Path) -> None:
        super().__init__(model)
        names = list(model.names.values())
        with manifest.open() as rows:
            self.labelled = {
                Path(row["file"]).name: [float(name in row["labelled"].split()) for name in names]
                for row in csv.DictReader(rows)
            }

    def loss(self, preds: dict, batch: dict) -> tuple[torch.Tensor, dict]:
        """Weigh each picture's class loss by what its source labels."""
        labelled = [self.labelled[Path(file).name] for file in batch["im_file"]]
        self.class_weights = torch.tensor(labelled, device=self.device).unsqueeze(1)
        return super().loss(preds, batch)


def channels_last(trainer: ultralytics_trainer.BaseTrainer) -> None:
    """Lay the weights out the way convolutions read them."""
    trainer.model.to(memory_format=torch.channels_last)


def only_labelled(trainer: ultralytics_trainer.BaseTrainer, manifest: Path) -> None:
    """Train with the loss that knows what is not labelled; validation keeps the plain one."""
    trainer.model.criterion = LabelledClassesLoss(trainer.model, manifest)


def main() -> None:
    """Train as the command line says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--start", required=True, help="weights, or a model's yaml")
    parser.add_argument("--name", required=True)
    parser.add_argument("--hours", type=float, default=1.0)
    parser.add_argument("--lr0", type=float, default=SETTINGS["lr0"])
    parser.add_argument("--mosaic", type=float, default=SETTINGS["mosaic"])
    parser.add_argument("--resume", action="store_true")
    given = parser.parse_args()
    settings.update({"sync": False})
    device = "0" if torch.cuda.is_available() else "cpu"
    compute_in_bf16(device)
    last = RUNS / given.name / "weights" / "last.pt"
    model = YOLO(last if given.resume else given.start)
    model.add_callback("on_pretrain_routine_end", channels_last)
    if not given.mosaic:
        manifest = given.data / "manifest.csv"
        model.add_callback("on_train_start", lambda trainer: only_labelled(trainer, manifest))
    model.train(
        data=str(given.data / "data.yaml"),
        project=str(RUNS),
        name=given.name,
        exist_ok=True,
        time=given.hours,
        device=device,
        resume=given.resume,
        **{**SETTINGS, "lr0": given.lr0, "mosaic": given.mosaic},
    )


if __name__ == "__main__":
    main()
