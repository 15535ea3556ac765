"""What administrators do on their page."""

import json
import zipfile

from axe_playwright_python.sync_playwright import Axe

from tests.browser.conftest import NARROW
from tests.browser.test_every_page import TAGS
from tests.small_drive import write_network

WORK_MS = 240_000


def test_a_network_is_read_shown_and_put_in_force(open_page, tmp_path):
    network = write_network(tmp_path / "new town.geojson", ("HS-1", "HS-2"))
    page = open_page("/admin")
    page.locator("#networks tr").first.wait_for()
    page.locator("#network-file").set_input_files(network)
    page.get_by_text("2 Strecken, davon 2 mit Straßennamen").wait_for(timeout=60_000)
    page.get_by_role("button", name="Dieses Netz verwenden").click()
    page.locator("#networks").get_by_role("row", name="2 new town.geojson Ada").wait_for()


def test_the_audit_log_tells_who_did_what(open_page):
    page = open_page("/admin")
    page.locator("#audit").get_by_text("Konto angelegt").first.wait_for()


def test_columns_are_chosen_faults_shown_and_the_network_read_again(open_page, tmp_path):
    path = write_network(tmp_path / "columns.geojson", ("HS-1", "HS-2"))
    network = json.loads(path.read_text("utf-8"))
    for number, line in enumerate(network["features"]):
        line["properties"] |= {"strassenbez": f"Gasse {number}", "surface": ("cheese", "")[number]}
        line["properties"].pop("street")
    path.write_text(json.dumps(network), "utf-8")
    page = open_page("/admin")
    page.locator("#networks tr").first.wait_for()
    page.locator("#network-file").set_input_files(path)
    page.get_by_text("2 Strecken, davon 0 mit Straßennamen").wait_for(timeout=60_000)
    faults = page.locator("#network-faults").get_by_role("row")
    assert faults.all_inner_texts() == ["1\tBelag unbekannt: nicht bewertet\tcheese"]
    page.get_by_label("Straßenname", exact=True).select_option("strassenbez")
    assert page.get_by_text("Gasse 0 · Gasse 1").is_visible()
    assert page.get_by_role("button", name="Dieses Netz verwenden").is_disabled()
    page.get_by_role("button", name="neu lesen").click()
    page.get_by_text("2 Strecken, davon 2 mit Straßennamen").wait_for(timeout=60_000)
    page.reload()
    page.get_by_text("2 Strecken, davon 2 mit Straßennamen").wait_for()
    assert page.get_by_label("Straßenname", exact=True).input_value() == "strassenbez"
    drawing = page.locator("#network-drawing")
    assert drawing.evaluate("async i => { await i.decode(); return i.naturalWidth; }") == 2000
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": TAGS}})
    assert found.violations_count == 0, found.generate_report()


def test_a_network_that_cannot_be_used_is_shown_with_what_is_wrong(open_page, tmp_path):
    path = write_network(tmp_path / "twice.geojson", ("HS-1", "HS-2"))
    path.write_text(path.read_text("utf-8").replace("HS-2", "HS-1"), "utf-8")
    page = open_page("/admin", size=NARROW)
    page.locator("#networks tr").first.wait_for()
    page.locator("#network-file").set_input_files(path)
    page.get_by_text("2 × Kennung doppelt").wait_for(timeout=60_000)
    assert page.locator("#message").inner_text().startswith("Das Straßennetz lässt sich nicht")
    assert page.get_by_role("button", name="Dieses Netz verwenden").is_disabled()
    assert not page.locator("#network-drawing").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW[0]
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": TAGS}})
    assert found.violations_count == 0, found.generate_report()


def test_work_for_the_whole_town_is_begun_and_its_end_is_seen(open_page, survey):
    page = open_page("/admin")
    page.get_by_role("button", name="Sicherung anlegen").click()
    page.get_by_role("button", name="Fällige Aufnahmen jetzt löschen").click()
    page.locator("#chore-survey").select_option(survey)
    page.get_by_role("button", name="Ebenen und Bilder als Datei").click()
    chores = page.locator("#chores")
    chores.get_by_text("im Ordner backups/").wait_for(timeout=WORK_MS)
    chores.get_by_text("0 Dateien gelöscht").first.wait_for(timeout=WORK_MS)
    with page.expect_download(timeout=WORK_MS) as download:
        chores.get_by_role("link", name="Datei holen").click(timeout=WORK_MS)
    assert zipfile.ZipFile(download.value.path()).testzip() is None


def test_a_drive_is_erased_after_a_second_question(open_page, survey):
    page = open_page("/admin")
    page.locator("#erase-survey").select_option(survey)
    erase = page.get_by_role("button", name="small.mp4 löschen")
    erase.click()
    page.get_by_role("button", name="Behalten").click()
    assert not page.locator("#erase-sure").is_visible()
    erase.click()
    assert page.get_by_text("small.mp4 mit allen Ergebnissen und Bildern löschen?").is_visible()
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": TAGS}})
    assert found.violations_count == 0, found.generate_report()
    asked = []

    def answer(route):  # in place of the service, whose only drive the other tests need
        asked.append(route.request.method)
        route.fulfill(json={"rescored": [survey], "ended": []})

    page.route("**/api/drives/*", answer)
    page.get_by_role("button", name="Endgültig löschen").click()
    page.get_by_text("small.mp4 ist gelöscht. Die Befahrung wird ohne sie neu bewertet.").wait_for()
    assert asked == ["DELETE"]
