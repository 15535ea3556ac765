"""The files in deploy/ call the program as it is."""

import re
from pathlib import Path

import pytest
import yaml

from tests.docs.pages import ROOT, text_of
from tests.docs.test_commands import parse

UNITS = sorted((ROOT / "deploy/systemd").iterdir())
SERVICES = [path for path in UNITS if path.suffix == ".service"]


@pytest.mark.parametrize("unit", SERVICES, ids=lambda path: path.name)
def test_a_unit_calls_a_command_that_there_is(unit: Path) -> None:
    (line,) = re.findall(r"^ExecStart=.*?/bin/(roadscan [^'\n]+)", unit.read_text(), re.MULTILINE)
    parse(line.replace("$(date +%%F)", "monday"))


@pytest.mark.parametrize("unit", SERVICES, ids=lambda path: path.name)
def test_a_unit_is_no_root_and_leaves_nothing_open_to_others(unit: Path) -> None:
    assert {"User=roadscan", "UMask=0077"} <= set(unit.read_text().splitlines())


def test_every_timer_has_its_service_and_is_told_of() -> None:
    timers = [path for path in UNITS if path.suffix == ".timer"]
    assert timers
    for timer in timers:
        assert timer.with_suffix(".service").is_file()
        assert timer.name in text_of("docs/operations.md")


@pytest.mark.parametrize("service", ["web", "worker"])
def test_the_compose_file_calls_commands_that_there_are(service: str) -> None:
    compose = yaml.safe_load(text_of("deploy/compose.yaml"))
    parse(" ".join(["roadscan", *compose["services"][service]["command"]]))


def test_the_image_holds_what_the_wheel_is_made_of_and_is_no_root() -> None:
    dockerfile = text_of("deploy/Dockerfile")
    copied = set(re.findall(r"^COPY (.+) \S+$", dockerfile, re.MULTILINE))
    assert {"roadscan", "models", "data_samples"} <= copied
    assert re.search(r"^USER roadscan$", dockerfile, re.MULTILINE)


def test_what_was_not_tested_says_so() -> None:
    for name in ("docs/operations.md", "deploy/Dockerfile", "deploy/compose.yaml"):
        assert "not tested" in text_of(name).lower()
