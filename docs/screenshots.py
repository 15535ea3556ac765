"""Makes the screenshots in the documents from the results of `make demo`.

    python -m docs.screenshots [PICTURE ...]

It serves a copy of them, uploads a drive and a network as staff would, and takes screenshots with
Debian's Chromium; it needs what `make test-browser` needs. With names, only those are taken.
"""

import json
import re
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlencode, urlsplit

from playwright.sync_api import sync_playwright

from tests.browser.town import serving

ROOT: Final = Path(__file__).resolve().parent.parent
IMAGES: Final = ROOT / "docs/images"
SAMPLES: Final = ROOT / "data_samples"
SURVEY: Final = "Sample drive (rendered)"
SEGMENT: Final = "SU-1:f:60"
"""The segment whose figures the handbook explains."""
SOUND: Final = "SU-1:f:100"
"""A segment without damage, with pictures of its road."""
NAME, PASSWORD = "Ada", "vier Wörter genügen hier"
WAIT_MS: Final = 180_000
MAX_BYTES: Final = 150_000
SIZE: Final = (1280, 800)
ROAD: Final = "section:has(#road)"


@dataclass(frozen=True, slots=True)
class Shot:
    """A screenshot of a page in one language."""

    name: str
    language: str
    address: str
    ready: str
    """Selector of an element that is there once the page is complete."""
    size: tuple[int, int] = SIZE
    part: str = ""
    """Selector of a part of the page; "" for the whole window."""


def main(wanted: list[str]) -> None:
    """Take the screenshots."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        data = Path(folder, "town")
        shutil.copytree(ROOT / "out/demo", data)
        path = shutil.which("chromium") or shutil.which("chromium-browser")
        chromium = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        with serving(data) as service:
            context = chromium.new_context(
                base_url=service.address, locale="de-DE", reduced_motion="reduce"
            )
            page = context.new_page()
            page.set_default_timeout(WAIT_MS)
            _come_in(page, service.welcome)
            _review(page)
            shots = _shots(_send_drive(page, Path(folder)), _send_network(page, Path(folder)))
            for shot in shots:
                if not wanted or shot.name in wanted:
                    _take(page, shot)
        chromium.close()


def _shots(check: str, network: str) -> list[Shot]:
    survey = {"survey": SURVEY}
    segment = survey | {"id": SEGMENT}
    on_map = survey | {"segment": SEGMENT}
    sound = survey | {"id": SOUND}
    narrow = (1000, 800)
    shots = [Shot("service", "en", f"/?{urlencode(on_map)}", "#details dl")]
    networks, disk, kept = (
        f"section:has(#{part})" for part in ("networks", "disk", "retention-settings")
    )
    tall = (800, 800)
    pages: tuple[tuple[str, str, str, str, tuple[int, int], str], ...] = (
        ("karte", "map", f"/?{urlencode(on_map)}", "#details dl", SIZE, ""),
        ("abschnitt", "segment", f"/segment?{urlencode(segment)}", "#road img", (1280, 920), ""),
        ("bilder", "road", f"/segment?{urlencode(sound)}", "#road img", narrow, ROAD),
        ("strassen", "streets", f"/streets?{urlencode(survey)}", "#streets tbody tr", SIZE, ""),
        ("pruefen", "review", f"/review?{urlencode(survey)}", "#damage-photo img", narrow, "body"),
        ("fahrten", "drives", "/upload", "#waiting a", SIZE, "body"),
        ("fahrt", "drive", f"/drive?check={check}", "#track dd", narrow, "body"),
        ("netz", "network", f"/admin?network={network}", "#network-preview", tall, networks),
        ("platte", "disk", "/admin", "#disk td", tall, disk),
        ("aufbewahrung", "retention", "/admin", "#retention-settings td", tall, kept),
    )
    for german, english, address, ready, size, part in pages:
        for language, name in (("de", german), ("en", english)):
            shots.append(Shot(f"web-{name}", language, address, ready, size, part))
    return shots


def _take(page: Any, shot: Shot) -> None:
    page.set_viewport_size({"width": shot.size[0], "height": shot.size[1]})
    between = "&" if "?" in shot.address else "?"
    page.goto(f"{shot.address}{between}lang={shot.language}")
    page.locator(shot.ready).first.wait_for()
    for image in page.locator("img:visible").all():
        image.scroll_into_view_if_needed()
        image.evaluate("i => i.decode()")
    page.evaluate("scrollTo(0, 0)")
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(2000)  # until the map is at rest
    shown = page.locator(shot.part) if shot.part else page
    for quality in (85, 75, 65, 55, 45):
        jpeg = shown.screenshot(type="jpeg", quality=quality)
        if len(jpeg) < MAX_BYTES:
            break
    (IMAGES / f"{shot.name}.jpg").write_bytes(jpeg)
    print(f"{shot.name}.jpg: {len(jpeg) // 1000} kB at quality {quality}")


def _come_in(page: Any, welcome: str) -> None:
    page.goto(welcome)
    page.get_by_label("Name").fill(NAME)
    page.get_by_label("Passwort").fill(PASSWORD)
    page.get_by_role("button", name="Konto anlegen").click()
    page.wait_for_url(re.compile("/$"))
    while not page.request.get("/api/surveys").json():
        page.wait_for_timeout(500)


def _review(page: Any) -> None:
    """Confirm a damage, so that there is a decision to show; no score changes."""
    page.goto(f"/review?{urlencode({'survey': SURVEY})}")
    page.locator("#damage-photo img").wait_for()
    page.locator("#confirm").click()
    page.locator("#decisions button").first.wait_for()


def _send_drive(page: Any, folder: Path) -> str:
    """Upload the sample drive with a gap in its track; return the id of its check."""
    track = (SAMPLES / "drive.gpx").read_text("utf-8")
    fixes = re.findall(r"<trkpt.*?</trkpt>", track, re.DOTALL)
    for fix in fixes[len(fixes) // 3 : 2 * len(fixes) // 3]:
        track = track.replace(fix, "")
    made = folder / "Nord"
    made.mkdir()
    (made / "drive.gpx").write_text(track, "utf-8")
    for name in ("drive.mp4", "camera.toml"):
        shutil.copyfile(SAMPLES / name, made / name)
    page.goto("/upload?lang=de")
    page.get_by_label("Befahrung").fill("Nord 2026")
    page.locator("#folder").set_input_files(made)
    link = page.locator("#waiting").get_by_role("link", name="Eingangsprüfung ansehen")
    link.wait_for()
    page.locator("#waiting").get_by_text("ansehen und entscheiden").wait_for()
    return str(link.get_attribute("href")).partition("check=")[2]


def _send_network(page: Any, folder: Path) -> str:
    """Upload the sample network with faults; return the job that read it."""
    network = json.loads((SAMPLES / "network.geojson").read_text("utf-8"))
    for line in network["features"]:
        line["properties"]["strassenbez"] = line["properties"].pop("street")
    network["features"][2]["properties"]["surface"] = "Käse"
    network["features"][5]["properties"]["lane_width_m"] = 35
    path = folder / "Straßennetz 2026.geojson"
    path.write_text(json.dumps(network), "utf-8")
    page.goto("/admin?lang=de")
    page.locator("#networks tr").first.wait_for()
    page.locator("#network-file").set_input_files(path)
    page.locator("#network-faults tr").first.wait_for()
    page.get_by_label("Straßenname", exact=True).select_option("strassenbez")
    page.get_by_role("button", name="neu einlesen").click()
    page.get_by_text("davon 8 mit Straßennamen").wait_for()
    return parse_qs(urlsplit(page.url).query)["network"][0]


if __name__ == "__main__":
    main(sys.argv[1:])
