"""Run the notebook and store its outputs in it: `make notebook`.

tests/docs compares the stored outputs with what the cells give on the demo's results.
"""

import sys
from pathlib import Path
from typing import Final

import nbformat
from nbclient import NotebookClient

NOTEBOOK: Final = Path(__file__).resolve().parent.parent / "notebooks/first_look.ipynb"
CELL_S: Final = 900
"""The first cell processes a drive."""


def main() -> None:
    """Write the outputs of a run from the notebook's own folder."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    NotebookClient(
        notebook, timeout=CELL_S, resources={"metadata": {"path": NOTEBOOK.parent}}
    ).execute()
    notebook.cells[1].outputs = []  # progress bars
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)  # the time of day
    nbformat.write(notebook, NOTEBOOK)
    sys.stdout.write(f"{NOTEBOOK.name}\n")


if __name__ == "__main__":
    main()
