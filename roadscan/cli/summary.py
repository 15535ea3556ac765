"""The table at the end of a run."""

from typing import TYPE_CHECKING

from rich.table import Table

from roadscan.cli.screen import add_row, printable
from roadscan.model.score import STATEMENT
from roadscan.publish.styles import UNSURE

if TYPE_CHECKING:
    from roadscan.pipeline.run import RunResult


def summary_table(result: "RunResult") -> Table:
    """Summarise what a run did and found."""
    record = result.record
    frames, segments = record.frames, record.segments
    table = Table(
        title=printable(f"Survey {record.drive.survey}"), caption=STATEMENT, show_header=False
    )
    table.add_column("what", no_wrap=True)
    table.add_column("figure", justify="right", no_wrap=True)
    table.add_column("more")
    add_row(table, "driven", f"{record.drive.length_m:.0f} m", f"{record.drive.videos} video(s)")
    add_row(
        table, "clock offset", f"{record.sync.offset_s:+.2f} s", f"± {record.sync.sigma_s:.2f} s"
    )
    add_row(table, "frames analysed", str(frames.usable), _reasons(frames.rejected))
    add_row(table, "detections", str(record.detections), f"by {record.model.name}")
    add_row(table, "on the driven lane", str(record.observations), _reasons(record.rejections))
    add_row(table, "damages", str(record.damages), "")
    add_row(table, "segments scored", str(segments.assessed), _reasons(segments.not_assessed))
    for name, count in result.findings().items():
        add_row(table, f"  {UNSURE.get(name, name.replace('_', ' '))}", str(count), "")
    if record.realtime_factor > 0.0:
        add_row(table, "speed", f"{record.realtime_factor:.1f} x", "real time")
    else:
        add_row(table, "frames", "nothing new", "all were analysed in an earlier run")
    for fault in record.faults:
        add_row(table, "not used", fault.source, f"{fault.code}: {fault.message}. {fault.hint}")
    for warning in record.warnings:
        add_row(table, "warning", "", warning)
    return table


def _reasons(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {reason}" for reason, count in counts.items())
