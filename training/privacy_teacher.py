"""The old COCO network with its own head, to label persons and vehicles that nobody marked.

Its classes are rebuilt here, so that the YOLOv5 code is not needed; the checkpoint is read without
running what it holds. Labels come from it, weights do not leave it: the network that ships learns
its head anew.
"""

from pathlib import Path

import cv2
import numpy as np
import openvino
import torch
from torch import nn
from ultralytics.nn.modules import C3, SPPF, Bottleneck, Concat, Conv

STRIDE = 32
LEAST = 0.05
"""Less confident boxes are not worth a look."""
COCO = {0: "person", 1: "bicycle", 2: "car", 3: "motorcycle", 5: "bus", 7: "truck"}
"""The classes that matter, by their number among the 80."""
PLAIN = (
    nn.BatchNorm2d,
    nn.Conv2d,
    nn.MaxPool2d,
    nn.ModuleList,
    nn.Sequential,
    nn.SiLU,
    nn.Upsample,
    set,
)


class Detect(nn.Module):
    """The anchor-based head of 2022: three boxes a place, sizes as multiples of anchors."""

    def forward(self, features: list[torch.Tensor]) -> torch.Tensor:
        """Return (1, n, 85): centre, width and height in pixels, objectness, 80 classes."""
        found = []
        for level, feature in enumerate(features):
            answer = self.m[level](feature)
            _, _, rows, columns = answer.shape
            answer = answer.view(1, self.na, self.no, rows, columns).permute(0, 1, 3, 4, 2)
            answer = answer.float().sigmoid()
            stride = float(self.stride[level])
            y, x = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
            centre = (answer[..., 0:2] * 2 - 0.5 + torch.stack([x, y], -1)) * stride
            anchors = self.anchors[level].float() * stride
            size = (answer[..., 2:4] * 2) ** 2 * anchors.view(1, self.na, 1, 1, 2)
            found.append(torch.cat([centre, size, answer[..., 4:]], -1).flatten(1, 3))
        return torch.cat(found, 1)


class Model(nn.Module):
    """The layers in a row; each takes the one before it, or those that its `f` names."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return what the head says."""
        kept: list[torch.Tensor] = []
        for layer in self.model:
            if isinstance(layer.f, int):
                given = x if layer.f == -1 else kept[layer.f]
            else:
                given = [x if number == -1 else kept[number] for number in layer.f]
            x = layer(given)
            kept.append(x)
        return x


def load_teacher(path: Path) -> Model:
    """Return the network of the original checkpoint, in f32, ready to look."""
    old = {Conv: "Conv", Bottleneck: "Bottleneck", C3: "C3", SPPF: "SPPF", Concat: "Concat"}
    named = [(kind, f"models.common.{name}") for kind, name in old.items()]
    named += [(Detect, "models.yolo.Detect"), (Model, "models.yolo.Model")]
    with torch.serialization.safe_globals([*named, *PLAIN]):
        checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    model = checkpoint["model"].float().eval()
    for layer in model.modules():
        if isinstance(layer, SPPF):  # newer code asks what the old file cannot know
            layer.n, layer.add = 3, False
        if isinstance(layer, nn.Upsample):
            layer.recompute_scale_factor = None
    return model


class Teacher:
    """The network, compiled once for each size of picture."""

    def __init__(self, path: Path) -> None:
        self._model = load_teacher(path)
        self._compiled: dict[tuple[int, int], openvino.CompiledModel] = {}

    def look(self, image: np.ndarray, long_side_px: int) -> np.ndarray:
        """Return boxes (n, 6) in pixels of the BGR picture: corners, confidence, COCO class.

        The picture is looked at magnified or shrunk to `long_side_px`, as it is and mirrored;
        what is found either way counts.
        """
        height, width = image.shape[:2]
        scale = long_side_px / max(height, width)
        rows, columns = (round(side * scale) for side in (height, width))
        grown = cv2.resize(image, (columns, rows), interpolation=cv2.INTER_CUBIC)
        found = []
        for mirrored in (False, True):
            shape = -(-rows // STRIDE) * STRIDE, -(-columns // STRIDE) * STRIDE
            given = np.full((*shape, 3), 114, np.uint8)
            given[:rows, :columns] = grown[:, ::-1] if mirrored else grown
            boxes = self._boxes(given)
            boxes[:, :4] /= scale
            if mirrored:
                boxes[:, [0, 2]] = width - boxes[:, [2, 0]]
            found.append(boxes)
        return strongest(np.vstack(found))

    def _boxes(self, given: np.ndarray) -> np.ndarray:
        shape = given.shape[:2]
        if shape not in self._compiled:
            example = torch.zeros(1, 3, *shape)
            network = openvino.convert_model(
                self._model, example_input=example, input=list(example.shape)
            )
            self._compiled[shape] = openvino.Core().compile_model(network, "CPU")
        tensor = given[..., ::-1].transpose(2, 0, 1)[None].astype(np.float32) / 255
        answer = np.asarray(self._compiled[shape]([tensor])[0][0], np.float64)
        classes = np.array(sorted(COCO))
        scores = answer[:, 4:5] * answer[:, 5 + classes]
        best, confidence = scores.argmax(1), scores.max(1)
        likely = confidence >= LEAST
        centre, half = answer[likely, 0:2], answer[likely, 2:4] / 2
        named = classes[best[likely]]
        return np.column_stack([centre - half, centre + half, confidence[likely], named])


def strongest(boxes: np.ndarray, iou: float = 0.55) -> np.ndarray:
    """Keep the most confident of boxes that overlap, whatever their class."""
    order = np.argsort(-boxes[:, 4], kind="stable")
    kept: list[int] = []
    for number in order:
        if all(overlap(boxes[number], boxes[other]) < iou for other in kept):
            kept.append(int(number))
    return boxes[kept]


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    """Return intersection over union of two boxes."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return float(width * height / (sum(areas) - width * height))
