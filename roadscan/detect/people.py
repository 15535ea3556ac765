"""Finds persons, riders and vehicles: what hides the road, and what no kept picture may show.

One network of three classes in three sizes of input. The quick one looks at the road ahead in every
frame; the careful one at the road in the few that are kept, or at all of a frame that is kept as a
whole, in more pixels. All take what is likely rather than what is sure.
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
"""A person at the far end of the near field is some 30 px tall in a frame this wide."""
CAREFUL_LONG_SIDE_PX: Final = 448
"""Of the rows of the road in a picture that is kept; a whole frame takes what model.toml says."""
CAREFUL_CONFIDENCE: Final = 0.05
"""Of a box on the road in a kept picture. Less sure ones, of the size of the lane, are the lane."""
TRAFFIC_CONFIDENCE: Final = 0.1
"""From which a box of the quick look counts as something that hides the road."""
LIMIT_S: Final = 120.0
"""A look takes milliseconds of a processor; on a machine that is overloaded, or was asleep, far
longer by the clock. One that lasts twice as long as this never ends."""


class PeopleDetectionError(Exception):
    """The network could not look, so nobody knows who is in the picture."""

    def __init__(self, why: PictureRefusal, cause: str) -> None:
        super().__init__(f"{why.value}: {cause}")
        self.why = why


class ModelHangsError(RuntimeError):
    """The network does not answer any more: only a new process can go on."""


class PeopleFinder:
    """The privacy network, loaded for each size of input.

    `careful` also looks at whole frames where nothing else is to.
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
        """Return who and what is on the road ahead, by the quick look.

        Raises
        ------
        PeopleNotLookedFor
            If the network failed or did not answer in time.
        ModelHangsError
            If it still does not answer: without it the rest of a drive would count as not seen.
        """
        return self._look(self._quick, frame, rows)

    def find_for_redaction(self, frame: Frame, rows: Rows | None) -> Boxes:
        """Return who and what is in these rows, by the careful look.

        The whole frame (`rows` None), of which all is shown, is looked at mirrored as well.

        Raises
        ------
        PeopleNotLookedFor
            If the network failed or did not answer in time.
        ModelHangsError
            If it still does not answer.
        """
        if rows is not None:
            return _surer(self._look(self._careful, frame, rows), CAREFUL_CONFIDENCE)
        found = self._look(self._whole, frame, None)
        mirrored = Frame(frame.video_t_s, np.ascontiguousarray(frame.image[:, ::-1]))
        return _both(found, self._look(self._whole, mirrored, None), frame.image.shape[1])

    def _look(self, detector: Detector, frame: Frame, rows: Rows | None) -> Boxes:
        """Let a thread look, for a network that hangs cannot be stopped, only left behind."""
        late = self._late
        if late is not None:
            late.join(self._limit_s)
            if late.is_alive():
                raise ModelHangsError(f"{self.name} has not answered for {2 * self._limit_s:.0f} s")
            self._late = None
        answers: list[Boxes | Exception] = []

        def look() -> None:
            try:
                answers.extend(detector.detect([frame], rows))
            except Exception as error:  # noqa: BLE001 -- whatever it is, nobody was looked for
                answers.append(error)

        thread = threading.Thread(target=look, daemon=True)
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
        What `roadscan.detect.model_folder.open_model` raises.
    """
    model = open_model(spec, "privacy")

    def sized(long_side_px: int) -> Detector:
        settings = model.settings.model_copy(update={"long_side_px": long_side_px})
        return detector_of(replace(model, settings=settings))

    return PeopleFinder(sized(QUICK_LONG_SIDE_PX), sized(CAREFUL_LONG_SIDE_PX), detector_of(model))


def _both(found: Boxes, mirrored: Boxes, width: int) -> Boxes:
    """Join what was found in a picture with what was found in its mirror image."""
    x1, y1, x2, y2 = mirrored.xyxy.T
    back = np.column_stack([width - x2, y1, width - x1, y2])
    return Boxes(
        np.vstack([found.xyxy, back]),
        np.concatenate([found.confidence, mirrored.confidence]),
        found.kind + mirrored.kind,
    )


def confident_boxes(boxes: Boxes) -> Floats:
    """Return the boxes (n, 4) that are sure enough to hide the road."""
    return _surer(boxes, TRAFFIC_CONFIDENCE).xyxy


def _surer(boxes: Boxes, least: float) -> Boxes:
    sure = boxes.confidence >= least
    kinds = tuple(kind for kind, kept in zip(boxes.kind, sure, strict=True) if kept)
    return Boxes(boxes.xyxy[sure], boxes.confidence[sure], kinds)
