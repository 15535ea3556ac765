"""Progress of a run, drawn on stderr or not reported."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.progress import Progress as RichProgress
from rich.text import Text


class Progress(Protocol):
    """Receives the progress of a run."""

    def begin(self, what: str, total: int) -> None:
        """Begin a step of `total` items; 0 if their number is not known."""

    def advance(self, items: int = 1) -> None:
        """Count this many more items of the step as done."""


class NoProgress:
    """Reports nothing."""

    def begin(self, what: str, total: int) -> None:
        """Do nothing."""

    def advance(self, items: int = 1) -> None:
        """Do nothing."""


class _SpeedColumn(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text("" if task.speed is None else f"{task.speed:.1f}/s")


class ProgressBars:
    """Progress bars with speed and remaining time."""

    def __init__(self, bars: RichProgress) -> None:
        self._bars = bars
        self._task = bars.add_task("", total=None, visible=False)

    def begin(self, what: str, total: int) -> None:
        """Finish the previous bar and draw the next."""
        self._bars.start()
        self._finish()
        shown = "".join(c if c.isprintable() else "?" for c in what)
        self._task = self._bars.add_task(shown, total=total or None)

    def advance(self, items: int = 1) -> None:
        """Move the bar on."""
        self._bars.advance(self._task, items)

    def _finish(self) -> None:
        task = next(task for task in self._bars.tasks if task.id == self._task)
        self._bars.update(self._task, total=task.completed, completed=task.completed)
        self._bars.stop_task(self._task)


COUNTED: Final[tuple[ProgressColumn, ...]] = (MofNCompleteColumn(), _SpeedColumn())
BYTES: Final[tuple[ProgressColumn, ...]] = (DownloadColumn(), TransferSpeedColumn())


@contextmanager
def bars_on_stderr(figures: tuple[ProgressColumn, ...] = COUNTED) -> Iterator[Progress]:
    """Draw bars on stderr while the block runs; only their final state if it is not a terminal.

    Nothing is drawn before the first step begins. If the run fails, the bars are removed, so that
    its error is one line on stderr.
    """
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        *figures,
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    bars = RichProgress(*columns, console=Console(stderr=True))
    try:
        yield ProgressBars(bars)
    except BaseException:
        bars.live.transient = True
        bars.live.stop()
        raise
    finally:
        if bars.live.is_started:
            bars.stop()
