"""The `roadscan` command: its subcommands, and the mapping of errors to exit codes."""

import sys
import traceback
from collections.abc import Sequence
from importlib.metadata import version
from os import environ
from typing import Annotated

import typer
from typer.exceptions import TyperException

from roadscan.cli import (
    backup,
    calibrate,
    check,
    demo,
    doctor,
    drives,
    erase,
    export_training,
    invite,
    match,
    model,
    objections,
    privacy_record,
    purge,
    rematch,
    rescore,
    run,
    score,
    serve,
    upload,
    work,
)
from roadscan.cli.screen import printable
from roadscan.errors import ExitCode, RoadscanError

STOPPED = 130
"""What typer returns after Ctrl-C, as shells do."""

app = typer.Typer(
    name="roadscan",
    help="Road condition from a dash-cam drive and its GNSS track.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("run")(run.run)
app.command("demo")(demo.demo)
app.command("calibrate")(calibrate.calibrate)
app.command("check")(check.check)
app.command("match")(match.match)
app.command("score")(score.score)
app.command("objections")(objections.objections)
app.add_typer(model.app, name="model")
app.command("serve")(serve.serve)
app.command("upload")(upload.upload)
app.command("work")(work.work)
app.command("purge")(purge.purge)
app.command("rescore")(rescore.rescore)
app.command("rematch")(rematch.rematch)
app.command("drives")(drives.drives)
app.command("erase")(erase.erase)
app.command("export-training")(export_training.export_training)
app.command("backup")(backup.backup)
app.command("restore")(backup.restore)
app.command("invite")(invite.invite)
app.command("doctor")(doctor.doctor)
app.command("privacy-record")(privacy_record.privacy_record)


def _print_version(wanted: bool) -> None:  # noqa: FBT001 -- the signature of an option's callback
    if wanted:
        typer.echo(f"roadscan {version('roadscan')}")
        raise typer.Exit


@app.callback()
def options(
    show_version: Annotated[  # noqa: FBT002 -- how typer declares a switch
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Version.")
    ] = False,
) -> None:
    """Road condition from a dash-cam drive and its GNSS track."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its code; every failure is one line on stderr."""
    sys.exit(exit_code(sys.argv[1:] if arguments is None else arguments))


def exit_code(arguments: Sequence[str]) -> int:
    """Run the command line and return its exit code."""
    try:
        given = list(arguments) or ["--help"]
        code = int(app(given, prog_name="roadscan", standalone_mode=False) or 0)
    except RoadscanError as error:
        return _fail(error)
    except TyperException as error:
        message = " ".join(getattr(error, "format_message", error.__str__)().split())
        hint = "See roadscan --help, or --help after a command"
        return _fail(RoadscanError("option_invalid", message.rstrip(".?"), hint))
    except BrokenPipeError:
        return ExitCode.DONE
    except Exception as error:  # noqa: BLE001 -- last resort: every failure has a code
        if environ.get("ROADSCAN_TRACEBACK"):
            traceback.print_exc()
        what = f"{type(error).__name__}: {error}".splitlines()[0]
        hint = "This is a bug in roadscan: set ROADSCAN_TRACEBACK=1 and report the output"
        return _fail(RoadscanError("internal", what, hint))
    else:
        if code == STOPPED:
            typer.echo("roadscan: stopped; repeat the command to resume", err=True)
        return code


def _fail(error: RoadscanError) -> int:
    typer.echo(f"roadscan: {printable(' '.join(str(error).split()))}", err=True)
    return int(error.exit_code)
