"""The interface of detectors, and loading one by name."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Protocol

from roadscan.detect.model_folder import TORCH, Model, open_model
from roadscan.detect.openvino import OpenVinoDetector
from roadscan.detect.replay import ReplayDetector
from roadscan.detect.thresholds import Thresholds
from roadscan.model.frame import Boxes, Frame, Rows
from roadscan.model.hit_rate import HitRate

REPLAY: Final = "replay:"


class Detector(Protocol):
    """Finds damage in frames; the same frames give the same boxes."""

    @property
    def name(self) -> str:
        """Model, version and runtime: scores depend on all three."""

    @property
    def sha256(self) -> str:
        """Hash of what determines the boxes: weights and thresholds, or the replayed file."""

    @property
    def kinds(self) -> tuple[str, ...]:
        """Damage kinds that it can find; all others remain unknown."""

    @property
    def hit_rates(self) -> Mapping[str, HitRate]:
        """What share of each kind it finds, as measured; empty where nobody measured it."""

    def detect(self, frames: Sequence[Frame], rows: Rows | None = None) -> list[Boxes]:
        """Return the boxes of each frame, in pixels of that frame, most confident first.

        With `rows` only these are searched, and boxes are clipped to them.
        """


def load_detector(spec: str = "", *, trust_pt: bool = False) -> Detector:
    """Load the default model (""), one by name or folder, or a file of detections ("replay:FILE").

    "torch:NAME" runs a model with torch (on a GPU if there is one) instead of OpenVINO; weights
    from outside the folder of bundled models need `trust_pt`.

    Raises
    ------
    RoadscanError
        model_unknown, model_missing, model_invalid, model_checksum, model_untrusted,
        replay_malformed, file_missing, file_unreadable or extra_missing.
    """
    if spec.startswith(REPLAY):
        return ReplayDetector(Path(spec.removeprefix(REPLAY)))
    return detector_of(open_model(spec, "damage", trust_pt=trust_pt))


def detector_of(model: Model, thresholds: Thresholds | None = None) -> Detector:
    """Load a model's network; `thresholds` other than its own serve to evaluate it.

    Raises
    ------
    RoadscanError
        extra_missing, if torch is requested but not installed.
    """
    settings = model.settings
    name, sha256 = f"{settings.name}-{settings.version}", settings.identity()
    thresholds = thresholds or model.thresholds
    if model.runtime == TORCH:
        from roadscan.detect.ultralytics import UltralyticsDetector  # noqa: PLC0415 -- an extra

        weights = model.folder / settings.weights
        return UltralyticsDetector(
            name,
            sha256,
            settings.classes,
            weights,
            settings.long_side_px,
            thresholds,
            settings.hit_rates,
        )
    return OpenVinoDetector(
        name,
        sha256,
        settings.classes,
        model.folder / settings.network_in(model.runtime),
        settings.long_side_px,
        thresholds,
        model.runtime,
        settings.hit_rates,
    )
