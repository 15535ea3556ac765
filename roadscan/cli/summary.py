"""The table at the end of a run."""

from typing import TYPE_CHECKING

from rich.table import Table

from roadscan.model.score import STATEMENT

if TYPE_CHECKING:
    from roadscan.pipeline.run import RunResult


def summary_table(result: "RunResult") -> Table:
    """Say in a few lines what a run did and found."""
    record = result.record
    frames, segments = record.frames, record.segments
    table = Table(title=f"Survey {record.drive.survey}", caption=STATEMENT, show_header=False)
    table.add_column("what", no_wrap=True)
    table.add_column("figure", justify="right", no_wrap=True)
    table.add_column("more")
    table.add_row("driven", f"{record.drive.length_m:.0f} m", f"{record.drive.videos} video(s)")
    table.add_row(
        "clock offset", f"{record.sync.offset_s:+.2f} s", f"± {record.sync.sigma_s:.2f} s"
    )
    table.add_row("frames looked at", str(frames.usable), _reasons(frames.rejected))
    table.add_row("detections", str(record.detections), f"by {record.model.name}")
    table.add_row("on the driven lane", str(record.observations), _reasons(record.rejections))
    table.add_row("damages", str(record.damages), "")
    table.add_row("segments scored", str(segments.assessed), _reasons(segments.not_assessed))
    for name, count in result.classes().items():
        table.add_row(f"  class {name}", str(count), "")
    if record.realtime_factor > 0.0:
        table.add_row("speed", f"{record.realtime_factor:.1f} x", "real time")
    else:
        table.add_row("frames", "nothing new", "all were looked at in an earlier run")
    for fault in record.faults:
        table.add_row("not used", fault.source, f"{fault.code}: {fault.message}. {fault.hint}")
    for warning in record.warnings:
        table.add_row("warning", "", warning)
    return table


def _reasons(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {reason}" for reason, count in counts.items())
