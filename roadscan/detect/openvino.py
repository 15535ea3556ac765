"""YOLO with OpenVINO on the CPU: the default, without torch."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from queue import SimpleQueue
from threading import Lock
from types import MappingProxyType
from typing import Any, Final

from roadscan.detect.letterbox import Letterbox
from roadscan.detect.thresholds import Thresholds
from roadscan.model.frame import Boxes, Frame, Rows
from roadscan.model.hit_rate import HitRate

MAX_COMPILED: Final = 4
"""Frame sizes kept compiled: a survey mixes few cameras, and each takes some ten MiB."""
AT_ONCE: Final = 4
"""Maximum number of frames processed in parallel by several threads."""


class OpenVinoDetector:
    """A network compiled once for each frame size; `precision` ("f32") is part of its name.

    Several threads should call it concurrently: each frame then takes one core, while cores that
    share a frame spend a third of their time waiting for each other.

    "int8" is a property of the network, whose quantised layers use it whatever the hint; the few
    others then compute in f32.
    """

    def __init__(
        self,
        name: str,
        sha256: str,
        kinds: tuple[str, ...],
        xml: Path,
        long_side_px: int,
        thresholds: Thresholds,
        precision: str = "f32",
        hit_rates: Mapping[str, HitRate] = MappingProxyType({}),
    ) -> None:
        self.name = f"{name}/openvino-{precision}"
        self.sha256 = sha256
        self.kinds = kinds
        self.hit_rates = hit_rates
        self._xml = xml
        self._long_side_px = long_side_px
        self._thresholds = thresholds
        self._openvino = _import_openvino()
        self._core = self._openvino.Core()
        # without the hint the precision, and so the scores, would depend on the CPU model
        hint = "f32" if precision == "int8" else precision
        self._config = {
            "INFERENCE_PRECISION_HINT": hint,
            "PERFORMANCE_HINT": "THROUGHPUT",
            "PERFORMANCE_HINT_NUM_REQUESTS": AT_ONCE,
        }
        self._idle: dict[tuple[int, int], SimpleQueue[Any]] = {}
        self._lock = Lock()

    def detect(self, frames: Sequence[Frame], rows: Rows | None = None) -> list[Boxes]:
        """Return the boxes of each frame, in its pixels, most confident first."""
        return [self._detect(frame, rows) for frame in frames]

    def _detect(self, frame: Frame, rows: Rows | None) -> Boxes:
        height, width = frame.image.shape[:2]
        letterbox = Letterbox.fit((height, width), self._long_side_px, rows)
        idle = self._requests(letterbox.height, letterbox.width)
        request = idle.get()
        try:
            answer = request.infer([letterbox.apply(frame.image)[None]], share_outputs=True)[0][0]
            return letterbox.boxes(answer, self.kinds, self._thresholds)
        finally:
            idle.put(request)

    def _requests(self, height: int, width: int) -> SimpleQueue[Any]:
        """Return the idle inference requests of an input size; the oldest size is evicted."""
        with self._lock:
            if (height, width) not in self._idle:
                if len(self._idle) == MAX_COMPILED:
                    del self._idle[next(iter(self._idle))]
                self._idle[height, width] = self._compile(height, width)
            return self._idle[height, width]

    def _compile(self, height: int, width: int) -> SimpleQueue[Any]:
        ov = self._openvino
        model = self._core.read_model(self._xml)
        model.reshape([1, 3, height, width])
        # input is raw bytes: colour order, layout and scale become part of the graph
        steps = ov.preprocess.PrePostProcessor(model)
        given = steps.input()
        given.tensor().set_element_type(ov.Type.u8).set_layout(ov.Layout("NHWC"))
        given.tensor().set_color_format(ov.preprocess.ColorFormat.BGR)
        given.model().set_layout(ov.Layout("NCHW"))
        given.preprocess().convert_element_type(ov.Type.f32)
        given.preprocess().convert_color(ov.preprocess.ColorFormat.RGB).scale(255.0)
        compiled = self._core.compile_model(steps.build(), "CPU", self._config)
        idle: SimpleQueue[Any] = SimpleQueue()
        for _ in range(compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS")):
            idle.put(compiled.create_infer_request())
        return idle


def _import_openvino() -> Any:
    """Import OpenVINO without its telemetry, which would send a usage event.

    The first array it returns initialises its NumPy binding. Two threads doing so at once would
    deadlock, one holding the GIL, one the binding's lock, so the first array is created here.
    """
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino  # noqa: PLC0415 -- half a second that no other command should wait for

    _ = openvino.Tensor(openvino.Type.u8, openvino.Shape([1])).data
    return openvino
