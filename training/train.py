"""Trains the damage detector on a dataset folder of prepare.py; goes on from a checkpoint.

    python -m training.train --data DIR --start WEIGHTS --name NAME [--hours H | --epochs N]
    python -m training.train --name NAME --resume

Curves, checkpoints and weights land in runs/NAME. The settings that matter stand below.
"""

import argparse
import os
from pathlib import Path

os.environ.update(YOLO_OFFLINE="true", YOLO_AUTOINSTALL="false")
os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # spinning threads starve the one they wait for
from training.torchvision_shim import ensure_torchvision

ensure_torchvision()
import torch  # noqa: E402
import ultralytics.engine.trainer as ultralytics_trainer  # noqa: E402
import ultralytics.utils.torch_utils as ultralytics_torch  # noqa: E402
from ultralytics import YOLO, settings  # noqa: E402

from training.cpu_speed import f32_weight_gradients  # noqa: E402
from training.pictures import beside, read_manifest  # noqa: E402
from training.unlabelled import RoadTrainer, UnvalidatedTrainer, use_labelled_loss  # noqa: E402

RUNS = Path(__file__).resolve().parent.parent / "runs"

ON_CPU = {
    "imgsz": 448,
    "batch": 16,
    "workers": 0,
    "freeze": 3,  # edges and corners are learnt; their backward pass costs a quarter of a step
}
ON_GPU = {"imgsz": 640, "batch": 32, "workers": min(16, os.cpu_count() or 1), "freeze": None}
SETTINGS = {
    "optimizer": "AdamW",
    "lr0": 0.001,
    "lrf": 0.02,
    "cos_lr": True,
    "warmup_epochs": 1.0,
    "weight_decay": 0.0005,
    "patience": 0,
    "save_period": 2,
    "seed": 0,
    "cache": "ram",
    "plots": False,
    "amp": False,  # on a GPU ultralytics' check downloads a model; bf16 is set below
    # The road is below and lit from above: never upside down. Size says distance: scale a little.
    "flipud": 0.0,
    "fliplr": 0.5,
    "degrees": 2.0,
    "scale": 0.35,
    "translate": 0.1,
    "hsv_h": 0.01,
    "hsv_s": 0.4,
    "hsv_v": 0.4,
    "mosaic": 0.5,
    "close_mosaic": 3,
}
REPEATS = {"D40": 2, "Repair": 3, "D20": 2}
"""A vehicle's picture with one of these is shown so often in an epoch (the largest counts)."""
REPEATED_VIEW = "vehicle"
RENDERED_TIMES = 2
"""Rendered frames are few and every one another road; what is shown of them stays under 15 %."""
MAX_RENDERED_SHARE = 0.15


def training_list(data: Path, views: list[str] | None) -> str:
    """Write the pictures of an epoch, a line each; return the file's name."""
    names = _names(data)
    lines, drawn = [], []
    for row in read_manifest(data):
        if row.split != "train" or (views and row.view not in views):
            continue
        if row.view == "rendered":
            drawn += [f"./{row.file}"] * RENDERED_TIMES
            continue
        text = beside(data / row.file, "labels", ".txt").read_text()
        kinds = {names[int(line.split()[0])] for line in text.splitlines()}
        repeated = row.view == REPEATED_VIEW
        times = max((REPEATS.get(kind, 1) for kind in kinds), default=1) if repeated else 1
        lines += [f"./{row.file}"] * times
    most = int(len(lines) * MAX_RENDERED_SHARE / (1 - MAX_RENDERED_SHARE))
    lines += drawn[:: max(1, -(-len(drawn) // max(most, 1)))]
    name = "train.txt" if not views else f"train_{'_'.join(views)}.txt"
    (data / name).write_text("\n".join(lines) + "\n")
    return name


def _names(data: Path) -> list[str]:
    from ultralytics.utils import YAML  # noqa: PLC0415 -- after the stand-in

    return list(YAML.load(data / "data.yaml")["names"].values())


def dataset_file(data: Path, views: list[str] | None) -> Path:
    """Write a data.yaml whose training pictures are those of training_list."""
    listed = training_list(data, views)
    text = (data / "data.yaml").read_text().replace("train: images/train", f"train: {listed}")
    path = data / Path(listed).with_suffix(".yaml").name
    path.write_text(text)
    return path


def compute_in_bf16(device: str) -> None:
    """Let the forward pass run in bf16: on a CPU with avx512_bf16 nearly twice as fast."""
    kind = "cpu" if device == "cpu" else "cuda"
    if kind == "cpu":
        f32_weight_gradients()
    ultralytics_trainer.autocast = lambda *_, **__: torch.autocast(kind, torch.bfloat16)


def channels_last(trainer: ultralytics_trainer.BaseTrainer) -> None:
    """Lay the weights out the way convolutions read them."""
    trainer.model.to(memory_format=torch.channels_last)


def main() -> None:
    """Train as the command line says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", type=Path)
    parser.add_argument("--start", help="weights, or a model's yaml")
    parser.add_argument("--name", required=True)
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--hours", type=float, help="from now on, if it is resumed; default: one")
    length.add_argument("--epochs", type=int, help="instead of hours; a resumed one keeps its own")
    parser.add_argument("--views", nargs="*", help="train on these views only")
    parser.add_argument("--lr0", type=float, default=SETTINGS["lr0"])
    parser.add_argument("--warmup", type=float, default=SETTINGS["warmup_epochs"], metavar="EPOCHS")
    parser.add_argument("--mosaic", type=float, default=SETTINGS["mosaic"])
    parser.add_argument("--threads", type=int, help="of a CPU; ultralytics leaves one core free")
    parser.add_argument("--unvalidated", action="store_true", help="by_source measures later")
    parser.add_argument("--resume", action="store_true")
    given = parser.parse_args()
    settings.update({"sync": False})
    device = "0" if torch.cuda.is_available() else "cpu"
    compute_in_bf16(device)
    if given.threads:
        ultralytics_torch.NUM_THREADS = given.threads
    last = RUNS / given.name / "weights" / "last.pt"
    if given.resume:
        model = YOLO(last)
    elif given.data and given.start:
        model = YOLO(given.start)
    else:
        parser.error("--data and --start are needed, or --resume")
    model.add_callback("on_pretrain_routine_end", channels_last)
    model.add_callback("on_train_start", use_labelled_loss)
    trainer = UnvalidatedTrainer if given.unvalidated else RoadTrainer
    if given.resume:
        left = {} if given.hours is None else {"time": given.hours}
        model.train(trainer=trainer, resume=True, device=device, **left)
        return
    model.train(
        trainer=trainer,
        data=str(dataset_file(given.data, given.views)),
        project=str(RUNS),
        name=given.name,
        exist_ok=True,
        **({"time": given.hours or 1.0} if given.epochs is None else {"epochs": given.epochs}),
        device=device,
        **{
            **SETTINGS,
            **(ON_CPU if device == "cpu" else ON_GPU),
            "lr0": given.lr0,
            "mosaic": given.mosaic,
            "warmup_epochs": given.warmup,
        },
    )


if __name__ == "__main__":
    main()
