"""Loads detectors by the names that roadscan.detect.model_folder knows."""

from pathlib import Path
from typing import Final

from roadscan.detect.detector import Detector
from roadscan.detect.model_folder import TORCH, Model, open_model
from roadscan.detect.openvino import OpenVinoDetector
from roadscan.detect.replay import ReplayDetector
from roadscan.detect.thresholds import Thresholds

REPLAY: Final = "replay:"


def load_detector(spec: str = "", *, trust_pt: bool = False) -> Detector:
    """Load the default model (""), one by name or folder, or the file of "replay:FILE".

    "torch:NAME" runs a model by torch (on a GPU where there is one) instead of OpenVINO; weights
    from elsewhere than the models beside the package only with `trust_pt`.

    Raises
    ------
    RoadscanError
        model_unknown, model_missing, model_invalid, model_checksum, model_untrusted,
        replay_malformed, file_missing, file_unreadable or extra_missing.
    """
    if spec.startswith(REPLAY):
        return ReplayDetector(Path(spec.removeprefix(REPLAY)))
    return detector_of(open_model(spec, "damage", trust_pt=trust_pt))


def load_privacy_detector(spec: str = "", *, trust_pt: bool = False) -> Detector:
    """Load what finds persons and vehicles, by the same names and through the same checks.

    Raises
    ------
    RoadscanError
        What `load_detector` raises; model_missing if no model of this task came along.
    """
    return detector_of(open_model(spec, "privacy", trust_pt=trust_pt))


def detector_of(model: Model, thresholds: Thresholds | None = None) -> Detector:
    """Load a model's network; `thresholds` other than its own are for measuring it.

    Raises
    ------
    RoadscanError
        extra_missing, where torch is asked for and not installed.
    """
    settings = model.settings
    name, sha256 = f"{settings.name}-{settings.version}", settings.identity()
    thresholds = thresholds or model.thresholds
    if model.runtime == TORCH:
        from roadscan.detect.ultralytics import UltralyticsDetector  # noqa: PLC0415 -- an extra

        weights = model.folder / settings.weights
        return UltralyticsDetector(
            name, sha256, settings.classes, weights, settings.long_side_px, thresholds
        )
    return OpenVinoDetector(
        name,
        sha256,
        settings.classes,
        model.folder / settings.network_in(model.runtime),
        settings.long_side_px,
        thresholds,
        model.runtime,
    )
