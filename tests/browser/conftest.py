"""Chromium before a service of its own; `make test-browser` runs these tests, `make test` none."""

import shutil
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.browser.line import Line
from tests.browser.town import SURVEY, Service, assess, serving
from tests.small_drive import SmallDrive

collect_ignore_glob = [] if find_spec("playwright") else ["test_*.py"]

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WIDE, NARROW = (1440, 900), (390, 844)
ADMIN, PASSWORD = "Ada", "vier Wörter genügen hier"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def assessed(small_drive: SmallDrive, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Process the small drive once; a town is a copy of its results."""
    data = tmp_path_factory.mktemp("assessed") / "town"
    assess(small_drive, data)
    return data


@pytest.fixture(scope="session")
def service(assessed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    data = Path(shutil.copytree(assessed, tmp_path_factory.mktemp("served") / "town"))
    with serving(data) as running:
        yield running


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 -- an extra

    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("Chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def first_administrator(chromium: Any, service: Service) -> Any:
    """What a browser keeps of the first administrator, who came by the link that was printed."""
    context = chromium.new_context(locale="de-DE")
    page = context.new_page()
    page.goto(service.welcome)
    page.get_by_label("Name").fill(ADMIN)
    page.get_by_label("Passwort").fill(PASSWORD)
    page.get_by_role("button", name="Konto anlegen").click()
    page.wait_for_url(f"{service.address}/")
    while not page.request.get(f"{service.address}/api/surveys").json():
        page.wait_for_timeout(200)
    kept = context.storage_state()
    context.close()
    return kept


@pytest.fixture
def open_page(
    chromium: Any, service: Service, first_administrator: Any
) -> Iterator[Callable[..., Any]]:
    """Opens pages; at the end, none has complained or asked anybody else for anything."""
    contexts, wrong = [], []

    def open_(
        address: str,
        language: str = "de",
        size: tuple[int, int] = WIDE,
        *,
        logged_in: bool = True,
        base: str = "",
    ) -> Any:
        context = chromium.new_context(
            base_url=base or service.address,
            locale="de-DE" if language == "de" else "en-GB",
            viewport={"width": size[0], "height": size[1]},
            storage_state=first_administrator if logged_in else None,
            reduced_motion="reduce",
        )
        contexts.append(context)
        own = (base or service.address, "data:", "blob:")
        page = context.new_page()
        page.on("request", lambda r: None if r.url.startswith(own) else wrong.append(r.url))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        if not base:  # a line that is cut is complained about, rightly
            page.on("console", lambda m: wrong.append(m.text) if m.type == "error" else None)
        page.goto(address)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert wrong == []


@pytest.fixture
def line(service: Service) -> Iterator[Line]:
    opened = Line(service.port)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def survey() -> str:
    return SURVEY


@pytest.fixture(scope="session")
def damaged(
    chromium: Any, service: Service, first_administrator: Any, survey: str
) -> dict[str, str]:
    """The address of a segment with damage: its survey and id."""
    context = chromium.new_context(storage_state=first_administrator)
    items = f"{service.address}/ogc/collections/damages/items"
    found = context.request.get(items, params={"survey": survey}).json()["features"]
    context.close()
    return {"survey": survey, "id": found[0]["properties"]["segment_id"]}
