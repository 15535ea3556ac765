"""Write generated blocks into the documentation: `make docs`.

A block is between `<!-- name: argument -->` and `<!-- end -->`; tests/docs checks every block
against the program, so that none becomes outdated. Only the demo's results are not tested: they
take minutes, and are rewritten if `make demo` was run before.
"""

import ast
import inspect
import io
import os
import re
import sys
import tomllib
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from functools import cache
from pathlib import Path
from typing import Any, Final

import typer

from roadscan.cli.app import app, exit_code
from roadscan.model.layers import LAYERS

ROOT: Final = Path(__file__).resolve().parent.parent
BLOCK: Final = re.compile(
    r"(?P<head><!-- (?P<name>\w+): (?P<argument>.+?) -->\n).*?(?P<tail><!-- end -->)", re.DOTALL
)
COLUMNS: Final = "80"
VARIES: Final = re.compile(r"^│ (?:speed|frames) {3}")
"""Lines of the demo's table that depend on the machine or the run."""
LOCAL: Final = re.compile(r"│ folder |See .*CARD.md for")
"""A line that names a place on the machine that made it."""
MEASURED: Final = re.compile(r"^│ sync +│ (?:offset_s|sigma_s|correlation) .*$", re.MULTILINE)
"""Lines of a check whose last digits depend on the processor."""
LONG: Final = re.compile(r"^│ (?:  class|frames analysed|driven)")
"""Lines left out of the README."""


def pages() -> list[Path]:
    """Return the documents that may hold blocks."""
    return [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]


def refreshed(text: str, *, with_demo: bool = False) -> str:
    """Return a document with its blocks as the program has them now."""

    def block(found: re.Match[str]) -> str:
        if found["name"] == "demo" and not with_demo:
            return found.group()
        new = found["head"] + BLOCKS[found["name"]](found["argument"]) + found["tail"]
        return found.group() if _but_for_measured(found.group()) == _but_for_measured(new) else new

    return BLOCK.sub(block, text)


def commands(group: Any = None, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every command with its full name ("model list"), as the program registers them."""
    for name, command in (group or typer.main.get_command(app)).commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{prefix}{name} ")
        else:
            yield f"{prefix}{name}", command


def options(name: str) -> str:
    """Return the table of arguments and options of a command."""
    command = dict(commands())[name]
    rows = [_option_row(parameter) for parameter in command.params]
    return _table(("option", "meaning", "default"), rows) + _needed_extra(command)


def fields(layer: str) -> str:
    """Return the table of the fields of a layer."""
    rows = [
        (
            f"`{field.name}`",
            field.type.value,
            field.unit,
            "yes" if field.nullable else "",
            field.description.en + _listed(field.values),
        )
        for field in LAYERS[layer].fields
    ]
    return _table(("field", "type", "unit", "may be empty", "meaning"), rows)


def output(command_line: str) -> str:
    """Return what a command prints, run in the folder of the checkout."""
    lines = (line for line in _printed(command_line) if not LOCAL.match(line))
    return _console(f"$ {command_line}", *lines)


def demo(part: str) -> str:
    """Return what the demo says it found: its "survey", its "truth", or both "in short"."""
    lines = [line for line in _printed("roadscan demo") if not VARIES.search(line)]
    start = next(k for k, line in enumerate(lines) if "Compared with the truth" in line)
    if part == "survey":
        return _console(*lines[:start])
    if part == "truth":
        return _console("$ roadscan demo", *lines[start:])
    caption = next(k for k, line in enumerate(lines) if "recall" in line)
    rows = (line for line in lines[:start] if line.startswith("│") and not LONG.search(line))
    return _console(*rows, *lines[caption:])


def rooms(package: str) -> str:
    """Return the table of the rooms, in the order of the layers that import-linter checks."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    layers = next(c["layers"] for c in contracts["contracts"] if c["type"] == "layers")
    names = [name for layer in layers for name in layer.split(" | ")]
    return _table(("room", "what it does"), [_room(ROOT / package / n) for n in names])


BLOCKS: Final[dict[str, Callable[[str], str]]] = {
    "options": options,
    "fields": fields,
    "output": output,
    "demo": demo,
    "rooms": rooms,
}


@cache
def _printed(command_line: str) -> tuple[str, ...]:
    os.environ["COLUMNS"] = COLUMNS
    before = Path.cwd()
    os.chdir(ROOT)
    try:
        with redirect_stdout(io.StringIO()) as printed:
            exit_code(command_line.split()[1:])
    finally:
        os.chdir(before)
    return tuple(line.rstrip() for line in printed.getvalue().splitlines())


def _console(*lines: str) -> str:
    return "\n".join(["```console", *lines, "```", ""])


def _listed(values: tuple[str | int, ...]) -> str:
    return f" (one of: {', '.join(map(str, values))})" if values else ""


def _option_row(parameter: Any) -> tuple[str, str, str]:
    kind = getattr(parameter.type_descriptor.annotation, "__name__", "")
    value = {"Path": "PATH", "str": "TEXT", "float": "NUMBER", "int": "NUMBER"}.get(kind, "")
    value = parameter.metavar or value
    is_option = parameter.opts[0].startswith("-")
    name = f"{parameter.opts[0]} {value}".strip() if is_option else value
    meaning = parameter.help or ""
    if parameter.min is not None:
        meaning = f"{meaning} From {parameter.min:g} to {parameter.max:g}."
    default = "" if parameter.default in {None, "", False} else f"`{parameter.default}`"
    return f"`{name}`", meaning, "needed" if parameter.required else default


def _but_for_measured(text: str) -> str:
    return MEASURED.sub("", text)


def _needed_extra(command: Any) -> str:
    """Return the sentence about the optional packages that a command imports."""
    source = inspect.getsource(sys.modules[command.callback.__module__])
    extra = re.search(r'needs_extra\("(\w+)"\)', source)
    if extra is None:
        return ""
    town_is_one_choice = any(p.name == "data" and not p.required for p in command.params)
    needs = "`--data` needs" if town_is_one_choice else "Needs"
    return f"\n{needs} the extra `{extra[1]}`: `pip install '.[{extra[1]}]'`.\n"


def _room(path: Path) -> tuple[str, str]:
    first = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    says = (ast.get_docstring(ast.parse(first.read_text(encoding="utf-8"))) or "").splitlines()[0]
    return f"`{path.name}`", says


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def main() -> None:
    """Write every block anew and say which documents changed."""
    with_demo = (ROOT / "out/demo/truth_check.json").is_file()
    for page in pages():
        text = page.read_text(encoding="utf-8")
        new = refreshed(text, with_demo=with_demo)
        if new != text:
            page.write_text(new, encoding="utf-8")
            sys.stdout.write(f"{page.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
