"""Terminal output: text from files is printed, never interpreted."""

from collections.abc import Sequence

import typer
from rich.console import Console
from rich.table import Table


def printable(text: str) -> str:
    """Return one line with control characters escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def warn_of_network(remarks: Sequence[str]) -> None:
    """Tell on stderr what is wrong with a network, before anything is made of it."""
    for remark in remarks:
        if remark.startswith("warning: "):
            typer.echo(f"network {printable(remark)}", err=True)


def show_network(remarks: Sequence[str]) -> None:
    """Tell what a network's columns were taken for and what was assumed."""
    for remark in remarks:
        if not remark.startswith("warning: "):
            typer.echo(f"network: {printable(remark)}")


def add_row(table: Table, *cells: str) -> None:
    """Add a row whose cells may contain text from files."""
    table.add_row(*map(printable, cells))


def show(table: Table) -> None:
    """Print a table; square brackets and colons in it are not markup."""
    Console(markup=False, emoji=False, highlight=False).print(table)
