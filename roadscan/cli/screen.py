"""What goes to the terminal: names out of files are shown there, and never obeyed."""

from rich.console import Console
from rich.table import Table


def printable(text: str) -> str:
    """Return one line in which control characters stand as their escapes."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def add_row(table: Table, *cells: str) -> None:
    """Add a row of which any cell may hold what a file says of itself."""
    table.add_row(*map(printable, cells))


def show(table: Table) -> None:
    """Print a table; square brackets and colons in it are no markup."""
    Console(markup=False, emoji=False, highlight=False).print(table)
