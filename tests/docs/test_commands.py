"""docs/commands.md and the program know the same commands; command lines in documents are valid."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from docs import reference
from roadscan.cli.app import app
from tests.docs.pages import PAGES, ROOT, fenced, name_of, text_of

COMMANDS = dict(reference.commands())


def command_lines(text: str) -> Iterator[str]:
    """Every line of a script, and what stands after the prompt where output is shown too."""
    for prompt, languages in (("", ("", "sh", "bash")), (r"\$ ", ("console",))):
        for block in fenced(text, *languages):
            for line in block.replace("\\\n", " ").splitlines():
                found = re.match(rf"{prompt}(?:\.venv/bin/)?(roadscan .+)", line)
                if found is not None:
                    yield found[1]


def parse(line: str) -> None:
    """Take a command line apart as the program does, without running it."""
    words = shlex.split(re.split(r" [|>] ", line)[0], comments=True)[1:]
    command = typer.main.get_command(app)
    while hasattr(command, "commands") and words[0] not in {"--version", "--help"}:
        assert words[0] in command.commands, f"no command {words[0]}"
        command = command.commands[words.pop(0)]
    if not {"--help", "--version"} & set(words):
        command.make_context(line, words)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_command_line_of_a_document_is_one(page: Path) -> None:
    for line in command_lines(page.read_text(encoding="utf-8")):
        parse(line)


def test_a_wrong_command_line_would_be_found() -> None:
    with pytest.raises(Exception, match="--netwrk"):
        parse("roadscan run a.mp4 --netwrk roads.gpkg --out out")
    with pytest.raises(AssertionError, match="no command"):
        parse("roadscan scan a.mp4")


def test_every_command_has_a_section_and_every_section_a_command() -> None:
    titles = re.findall(r"^## roadscan (.+)$", text_of("docs/commands.md"), flags=re.MULTILINE)
    assert sorted(titles) == sorted(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_says_what_it_does_and_shows_an_example(command: str) -> None:
    assert COMMANDS[command].help
    lines = list(command_lines(text_of("docs/commands.md")))
    assert any(line.startswith(f"roadscan {command}") for line in lines)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_option_named_in_a_document_exists(page: Path) -> None:
    known = {name for command in COMMANDS.values() for p in command.params for name in p.opts}
    known |= {"--help", "--version"}
    scripts = [
        p for d in ("training", "data_samples", "benchmarks") for p in (ROOT / d).glob("*.py")
    ]
    known |= set(re.findall(r'"(--[a-z][a-z0-9-]+)"', "".join(p.read_text() for p in scripts)))
    named = set(re.findall(r"`(--[a-z][a-z0-9-]+)", page.read_text(encoding="utf-8")))
    assert named <= known
