"""Detection of persons, riders and vehicles, which hide the road and must not show in pictures.

One network with three classes at three input sizes. The quick one searches the road ahead in every
frame; the careful ones, at more pixels, search the road, or the whole frame, in the few pictures
that are stored. All favour recall over precision.
"""

import threading
from dataclasses import replace
from typing import Final

import numpy as np

from roadscan.detect.detector import Detector, detector_of
from roadscan.detect.model_folder import open_model
from roadscan.model.arrays import Floats
from roadscan.model.frame import Boxes, Frame, Rows
from roadscan.model.stored_picture import PictureRefusal

QUICK_LONG_SIDE_PX: Final = 320
"""A person at the far end of the near field is about 30 px tall in a frame this wide."""
CAREFUL_LONG_SIDE_PX: Final = 448
"""For the road rows of a stored picture; a whole frame uses the size in model.toml."""
CAREFUL_CONFIDENCE: Final = 0.05
"""For boxes on the road in a stored picture. Below it, boxes as large as the lane are the lane."""
TRAFFIC_CONFIDENCE: Final = 0.1
"""Confidence from which a box of the quick search counts as hiding the road."""
LIMIT_S: Final = 120.0
"""An inference takes milliseconds of processor time, but far longer by the clock on a machine that
is overloaded or was asleep. After twice this time it counts as hung."""


class PeopleDetectionError(Exception):
    """The network failed, so it is unknown who is in the picture."""

    def __init__(self, why: PictureRefusal, cause: str) -> None:
        super().__init__(f"{why.value}: {cause}")
        self.why = why


class ModelHangsError(RuntimeError):
    """The network hangs: only a new process can continue."""


class PeopleFinder:
    """The privacy network, loaded for each input size.

    `careful` also searches whole frames unless `whole` is given.
    """

    def __init__(
        self,
        quick: Detector,
        careful: Detector,
        whole: Detector | None = None,
        limit_s: float = LIMIT_S,
    ) -> None:
        self.name = careful.name
        self.sha256 = careful.sha256
        self._quick = quick
        self._careful = careful
        self._whole = whole or careful
        self._limit_s = limit_s
        self._late: threading.Thread | None = None

    def traffic(self, frame: Frame, rows: Rows | None) -> Boxes:
        """Return persons and vehicles on the road ahead, by the quick search.

        Raises
        ------
        PeopleDetectionError
            If the network failed or timed out.
        ModelHangsError
            If it still hangs: without it the rest of a drive would count as not viewed.
        """
        return self._detect(self._quick, frame, rows)

    def find_for_redaction(self, frame: Frame, rows: Rows | None) -> Boxes:
        """Return persons and vehicles in these rows, by the careful search.

        The whole frame (`rows` None), all of which will be shown, is searched mirrored as well.

        Raises
        ------
        PeopleDetectionError
            If the network failed or timed out.
        ModelHangsError
            If it still hangs.
        """
        if rows is not None:
            return _at_least(self._detect(self._careful, frame, rows), CAREFUL_CONFIDENCE)
        found = self._detect(self._whole, frame, None)
        mirrored = Frame(frame.video_t_s, np.ascontiguousarray(frame.image[:, ::-1]))
        return _both(found, self._detect(self._whole, mirrored, None), frame.image.shape[1])

    def _detect(self, detector: Detector, frame: Frame, rows: Rows | None) -> Boxes:
        """Run the network in a thread, because a hanging one cannot be stopped, only abandoned."""
        late = self._late
        if late is not None:
            late.join(self._limit_s)
            if late.is_alive():
                raise ModelHangsError(
                    f"{self.name} has not responded for {2 * self._limit_s:.0f} s"
                )
            self._late = None
        answers: list[Boxes | Exception] = []

        def detect() -> None:
            try:
                answers.extend(detector.detect([frame], rows))
            except Exception as error:  # noqa: BLE001 -- whatever it is, the search has failed
                answers.append(error)

        thread = threading.Thread(target=detect, daemon=True)
        thread.start()
        thread.join(self._limit_s)
        if thread.is_alive():
            self._late = thread
            raise PeopleDetectionError(PictureRefusal.NETWORK_TIMEOUT, f"{self._limit_s:.0f} s")
        (answer,) = answers
        if isinstance(answer, Exception):
            raise PeopleDetectionError(PictureRefusal.NETWORK_FAILED, str(answer)) from answer
        return answer


def load_people_finder(spec: str = "") -> PeopleFinder:
    """Load the privacy network: the default one (""), or one by name or folder.

    Raises
    ------
    RoadscanError
        As `roadscan.detect.model_folder.open_model`.
    """
    model = open_model(spec, "privacy")

    def sized(long_side_px: int) -> Detector:
        settings = model.settings.model_copy(update={"long_side_px": long_side_px})
        return detector_of(replace(model, settings=settings))

    return PeopleFinder(sized(QUICK_LONG_SIDE_PX), sized(CAREFUL_LONG_SIDE_PX), detector_of(model))


def _both(found: Boxes, mirrored: Boxes, width: int) -> Boxes:
    """Merge the boxes of a picture with those of its mirror image."""
    x1, y1, x2, y2 = mirrored.xyxy.T
    back = np.column_stack([width - x2, y1, width - x1, y2])
    return Boxes(
        np.vstack([found.xyxy, back]),
        np.concatenate([found.confidence, mirrored.confidence]),
        found.kind + mirrored.kind,
    )


def confident_boxes(boxes: Boxes) -> Floats:
    """Return the boxes (n, 4) confident enough to count as hiding the road."""
    return _at_least(boxes, TRAFFIC_CONFIDENCE).xyxy


def _at_least(boxes: Boxes, least: float) -> Boxes:
    sure = boxes.confidence >= least
    kinds = tuple(kind for kind, kept in zip(boxes.kind, sure, strict=True) if kept)
    return Boxes(boxes.xyxy[sure], boxes.confidence[sure], kinds)
