"""YOLO with torch, on a GPU if there is one: the extra `yolo`."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Lock
from types import MappingProxyType
from typing import Any

import numpy as np

from roadscan.detect.letterbox import Letterbox
from roadscan.detect.thresholds import Thresholds
from roadscan.errors import RoadscanError
from roadscan.model.frame import Boxes, Frame, Rows
from roadscan.model.hit_rate import HitRate


class UltralyticsDetector:
    """Same pre- and postprocessing as with OpenVINO; torch runs the network.

    The weights are a pickle, which runs code when loaded: only files whose checksum is listed in a
    model.toml get here.
    """

    def __init__(
        self,
        name: str,
        sha256: str,
        kinds: tuple[str, ...],
        weights: Path,
        long_side_px: int,
        thresholds: Thresholds,
        hit_rates: Mapping[str, HitRate] = MappingProxyType({}),
    ) -> None:
        self._torch, yolo = _import_ultralytics()
        self._device = "cuda" if self._torch.cuda.is_available() else "cpu"
        self.name = f"{name}/torch-{self._device}-f32"
        self.sha256 = sha256
        self.kinds = kinds
        self.hit_rates = hit_rates
        self._long_side_px = long_side_px
        self._thresholds = thresholds
        network = yolo(weights).model.float().fuse().eval()
        self._network = network.to(self._device)
        self._lock = Lock()  # the network caches values for the last frame's size

    def detect(self, frames: Sequence[Frame], rows: Rows | None = None) -> list[Boxes]:
        """Return the boxes of each frame, in its pixels, most confident first."""
        return [self._detect(frame, rows) for frame in frames]

    def _detect(self, frame: Frame, rows: Rows | None) -> Boxes:
        height, width = frame.image.shape[:2]
        letterbox = Letterbox.fit((height, width), self._long_side_px, rows)
        rgb = np.ascontiguousarray(letterbox.apply(frame.image)[..., ::-1].transpose(2, 0, 1))
        with self._lock, self._torch.inference_mode():
            batch = self._torch.from_numpy(rgb)[None].to(self._device).float() / 255.0
            answer = self._network(batch)[0][0].float().cpu().numpy()
        return letterbox.boxes(answer, self.kinds, self._thresholds)


def _import_ultralytics() -> tuple[Any, Any]:
    """Import torch and ultralytics, the latter set to stay offline and to install nothing."""
    os.environ.update(YOLO_OFFLINE="true", YOLO_AUTOINSTALL="false")
    try:
        import torch  # noqa: PLC0415 -- an extra
        from ultralytics import YOLO  # noqa: PLC0415 -- an extra
    except ImportError as error:
        raise RoadscanError(
            "extra_missing",
            f"running a model with torch needs the package {error.name}, which is not installed",
            "pip install 'roadscan[yolo]', or drop torch: to run it with OpenVINO",
        ) from error
    return torch, YOLO
