"""Keeps what a source does not label out of the loss, region by region, through mosaic and turns.

A survey frame whose cracks have no boxes must not teach that cracks are background. A dataset
folder of prepare.py says where which classes are not labelled (unlabelled/*.txt). Here such regions
travel with a picture's boxes as boxes of extra classes, so that every change of place and size
moves them too, and leave the batch as `regions` before the loss is computed.
"""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch.nn.functional import binary_cross_entropy_with_logits
from ultralytics.data.dataset import YOLODataset
from ultralytics.models.yolo.detect import DetectionTrainer
from ultralytics.utils import ops
from ultralytics.utils.loss import v8DetectionLoss
from ultralytics.utils.tal import make_anchors

from training.augment import Patch, cut_patch, paste, weather
from training.pictures import beside, read_manifest, read_regions

PASTE_CHANCE = 0.35
PASTED_CLASSES = ("D40", "Repair")
"""Their edge is theirs; a crack cut out of its road shows the cut."""
TILES = 4


def everywhere(missing: frozenset[str]) -> list[tuple[frozenset[str], list[float]]]:
    """Return the regions of a picture in which classes are nowhere labelled.

    Tiles, not one region: mosaic and turns drop a box of which less than a tenth is left.
    """
    if not missing:
        return []
    middles = (np.arange(TILES) + 0.5) / TILES
    return [(missing, [x, y, 1 / TILES, 1 / TILES]) for x in middles for y in middles]


class RoadDataset(YOLODataset):
    """Training pictures with their unlabelled regions, weather and pasted damage."""

    def build_transforms(self, hyp: Any = None) -> Any:
        """Add the weather before the last step: once for a mosaic, not for each of its pictures."""
        transforms = super().build_transforms(hyp)
        transforms.insert(len(transforms.transforms) - 1, _in_weather)
        return transforms

    def get_labels(self) -> list[dict[str, Any]]:
        """Read boxes as ultralytics does and append the regions as boxes of classes nc + n."""
        labels = super().get_labels()
        self.names = list(self.data["names"].values())
        self.patterns: list[frozenset[str]] = []
        folder = Path(self.data["path"])
        rows = {str(folder / row.file): row for row in read_manifest(folder)}
        self.views = {file: row.view for file, row in rows.items()}
        self.patches = self._patches(labels)
        for label in labels:
            image = Path(label["im_file"])
            missing = frozenset(self.names) - set(rows[str(image)].classes)
            own = read_regions(beside(image, "unlabelled", ".txt"))
            for classes, box in own or everywhere(missing):
                if classes not in self.patterns:
                    self.patterns.append(classes)
                number = len(self.names) + self.patterns.index(classes)
                label["cls"] = np.vstack([label["cls"], [[number]]]).astype(np.float32)
                label["bboxes"] = np.vstack([label["bboxes"], [box]]).astype(np.float32)
        return labels

    def _patches(self, labels: list[dict[str, Any]]) -> list[Patch]:
        patches = []
        for label in {label["im_file"]: label for label in labels}.values():
            view = self.views[label["im_file"]]
            wanted = [self.names.index(name) for name in PASTED_CLASSES if name in self.names]
            kinds = label["cls"][:, 0].astype(int)
            if view == "rendered" or not np.isin(kinds, wanted).any():
                continue
            image = cv2.imread(label["im_file"])
            size = np.tile(image.shape[1::-1], 2)
            corners = ops.xywh2xyxy(label["bboxes"]) * size
            mask = beside(Path(label["im_file"]), "masks", ".png")
            shape = cv2.imread(str(mask), cv2.IMREAD_GRAYSCALE) if mask.is_file() else None
            for kind, box in zip(kinds, corners, strict=True):
                if kind in wanted and min(box[2:] - box[:2]) > 10:
                    patches.append(cut_patch(image, box, int(kind), shape))
        return patches

    def get_image_and_label(self, index: int) -> dict[str, Any]:
        """Return a picture with pasted damage, before mosaic and the rest."""
        label = super().get_image_and_label(index)
        rng = _random()
        image = np.ascontiguousarray(label["img"])
        view = self.views[label["im_file"]]
        instances = label["instances"]
        instances.convert_bbox("xyxy")
        normalized = instances.normalized
        if normalized:
            instances.denormalize(*image.shape[1::-1])
        if self.patches and view != "rendered" and rng.random() < PASTE_CHANCE:
            real = label["cls"][:, 0] < len(self.names)
            pasted = paste(image, instances.bboxes[real], self.patches, rng)
            if pasted:
                image, box, kind = pasted
                instances.update(np.vstack([instances.bboxes, box]).astype(np.float32))
                label["cls"] = np.vstack([label["cls"], [[kind]]]).astype(np.float32)
        label["img"] = image
        instances.convert_bbox("xywh")
        if normalized:
            instances.normalize(*image.shape[1::-1])
        return label


def _random() -> np.random.Generator:
    """Return randomness that follows torch's seed."""
    return np.random.default_rng(int(torch.randint(1 << 31, ())))


def _in_weather(label: dict[str, Any]) -> dict[str, Any]:
    label["img"] = weather(label["img"], _random())
    return label


class LabelledLoss(v8DetectionLoss):
    """The detection loss, without the classes that are not labelled where an anchor lies."""

    def __init__(self, model: torch.nn.Module, patterns: list[torch.Tensor]) -> None:
        super().__init__(model)
        self.patterns = patterns
        """For each kind of region, which classes it does not label (nc,), bool."""
        self.bce = self.claimed

    def claimed(self, scores: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Return the class loss of each anchor, 0 where nothing is drawn and nothing labelled.

        What is drawn counts everywhere: a sure box that an unsure one overlaps, too.
        """
        loss = binary_cross_entropy_with_logits(scores, targets, reduction="none")
        return torch.where(targets > 0, loss, loss * self.labelled)

    def loss(self, preds: dict, batch: dict) -> tuple[torch.Tensor, dict]:
        """Weigh each anchor's class loss by what is labelled there."""
        points, strides = make_anchors(preds["feats"], self.stride, 0.5)
        size = (
            preds["feats"][0].shape[2] * self.stride[0],
            preds["feats"][0].shape[3] * self.stride[0],
        )
        self.labelled = labelled_weights(
            points * strides, size, batch["regions"], self.patterns, len(batch["img"]), self.nc
        )
        return super().loss(preds, batch)


def labelled_weights(
    points: torch.Tensor,
    size: tuple[float, float],
    regions: torch.Tensor,
    patterns: list[torch.Tensor],
    pictures: int,
    classes: int,
) -> torch.Tensor:
    """Return (pictures, anchors, classes): 0 where an anchor lies in a region without the class.

    `points` (anchors, 2) are x, y in pixels of a picture of `size` (height, width); `regions`
    (n, 6) are picture, pattern, cx, cy, w, h, the last four 0..1.
    """
    weights = torch.ones(pictures, len(points), classes, device=points.device)
    scale = torch.tensor([size[1], size[0]], device=points.device)
    centres, halves = regions[:, 2:4] * scale, regions[:, 4:6] * scale / 2
    inside = ((points[None] - centres[:, None]).abs() <= halves[:, None]).all(-1)
    for number, missing in enumerate(patterns):
        of_kind = regions[:, 1] == number
        hits = torch.zeros(pictures, len(points), device=points.device)
        hits.index_add_(0, regions[of_kind, 0].long(), inside[of_kind].to(hits.dtype))
        weights[(hits > 0).unsqueeze(-1) & missing.to(points.device)] = 0.0
    return weights


class RoadTrainer(DetectionTrainer):
    """Ultralytics' trainer with RoadDataset and the loss that knows what is not labelled."""

    def build_dataset(self, img_path: str, mode: str = "train", batch: int | None = None) -> Any:
        """Build the training set with regions; validation stays ultralytics' own."""
        if mode != "train":
            return super().build_dataset(img_path, mode, batch)
        self.road = RoadDataset(
            img_path=img_path,
            imgsz=self.args.imgsz,
            batch_size=batch,
            augment=True,
            hyp=self.args,
            rect=False,
            cache=self.args.cache or None,
            prefix="train: ",
            stride=32,
            data=self.data,
            task="detect",
        )
        return self.road

    def preprocess_batch(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Take the regions out of the boxes."""
        batch = super().preprocess_batch(batch)
        kinds = batch["cls"].view(-1)
        region = kinds >= self.data["nc"]
        columns = (
            batch["batch_idx"].view(-1, 1),
            kinds.view(-1, 1) - self.data["nc"],
            batch["bboxes"],
        )
        batch["regions"] = torch.cat(columns, 1)[region]
        for key in ("cls", "bboxes", "batch_idx"):
            batch[key] = batch[key][~region]
        return batch


class UnvalidatedTrainer(RoadTrainer):
    """Trains without a look at the validation pictures, which take a third of a busy CPU's time.

    The weights that count are last.pt; it keeps optimiser and all, so that it can be gone on from.
    """

    def validate(self) -> tuple[dict[str, float], None]:
        """Measure nothing."""
        return {}, None

    def final_eval(self) -> None:
        """Measure nothing."""


def use_labelled_loss(trainer: RoadTrainer) -> None:
    """Put the loss in place: call when training starts."""
    names = trainer.road.names
    patterns = [torch.tensor([name in kinds for name in names]) for kinds in trainer.road.patterns]
    trainer.model.criterion = LabelledLoss(trainer.model, patterns)
