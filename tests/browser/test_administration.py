"""What administrators do on their page."""

import hashlib
import json
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager

from axe_playwright_python.sync_playwright import Axe

from roadscan.model.access import Role
from roadscan.model.uploaded_file import FileKind, StoredFile, UploadSource
from roadscan.serve.retention import LONGEST_S
from roadscan.serve.settings import ServeSettings
from roadscan.serve.town import upload_limits
from roadscan.serve.uploads.upload_storage import UploadStorage
from roadscan.store.sqlite import share_store
from roadscan.store.store import Store
from roadscan.store.town.accounts import Accounts
from roadscan.store.town.files import Files
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
    assert faults.all_inner_texts() == ["1\tBelag unbekannt: wird nicht bewertet\tHS-1: cheese"]
    page.get_by_label("Straßenname", exact=True).select_option("strassenbez")
    assert page.get_by_text("Gasse 0 · Gasse 1").is_visible()
    assert page.get_by_role("button", name="Dieses Netz verwenden").is_disabled()
    page.get_by_role("button", name="neu einlesen").click()
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
    page.locator("#job-survey").select_option(survey)
    page.get_by_role("button", name="Ebenen und Bilder exportieren").click()
    jobs = page.locator("#town-jobs")
    jobs.get_by_text("im Ordner backups/").wait_for(timeout=WORK_MS)
    with page.expect_download(timeout=WORK_MS) as download:
        jobs.get_by_role("link", name="Datei herunterladen").click(timeout=WORK_MS)
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
    page.get_by_text(
        "small.mp4 wurde gelöscht. Die Befahrung wird ohne diese Fahrt neu bewertet."
    ).wait_for()
    assert asked == ["DELETE"]


@contextmanager
def store_of(service) -> Iterator[Store]:
    with share_store(service.data) as store:
        yield store


def put_old_recording(service, name):
    content = name.encode()
    sha256 = hashlib.sha256(content).hexdigest()
    settings = ServeSettings(data=service.data)
    path = UploadStorage(settings.data, upload_limits(settings)).path_of(sha256)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    old_s = time.time() - LONGEST_S - 60.0
    file = StoredFile(sha256, len(content), name, FileKind.VIDEO, "Herbst", "u", "Uli", old_s)
    with store_of(service) as store:
        Files(store.engine).put(file, UploadSource("", 0, "", name), name)
    return path


def test_recordings_that_are_due_are_shown_and_deleted_after_a_second_question(open_page, service):
    path = put_old_recording(service, "alte Fahrt.mp4")
    page = open_page("/admin")
    due = page.locator("#due").get_by_role("row", name="alte Fahrt.mp4")
    assert "seit mehr als 30 Tagen hier" in due.inner_text()
    delete = page.get_by_role("button", name="Fällige Aufnahmen jetzt löschen")
    delete.click()
    page.get_by_text(
        "Dateien: 1, zusammen 14 B. Ergebnisse und Bilder bleiben erhalten."
    ).wait_for()
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": TAGS}})
    assert found.violations_count == 0, found.generate_report()
    page.get_by_role("button", name="Behalten").click()
    assert path.exists()
    delete.click()
    page.get_by_role("button", name="Endgültig löschen").click()
    page.locator("#town-jobs").get_by_text("Gelöschte Dateien: 1").wait_for(timeout=WORK_MS)
    page.locator("#due").get_by_text("Es ist nichts fällig.").wait_for()
    assert delete.is_disabled()
    assert not path.exists()
    page.locator("#audit").get_by_text("Aufnahme gelöscht").first.wait_for()


def test_disk_settings_and_models_are_shown(open_page):
    page = open_page("/admin")
    page.locator("#disk").get_by_role(
        "row", name="Datenbank mit Ergebnissen und Bildern"
    ).wait_for()
    assert "belegt" in page.locator("#disk-summary").inner_text()
    assert 0 < page.locator("#disk-used").evaluate("m => m.value / m.max") < 1
    page.locator("#models").get_by_role("row", name="rdd-v5nu").get_by_text(
        "Dateien unverändert"
    ).wait_for()
    kept = page.locator("#retention-settings").get_by_role("row", name="--keep-days")
    assert "7 Tage" in kept.inner_text()


def test_an_account_gets_another_role_and_its_key_is_withdrawn(open_page, service):
    with store_of(service) as store:
        accounts = Accounts(store.engine, time.time)
        account = accounts.add("Ute", Role.PLANNER, None)
        _, secret = accounts.add_key(account.account_id, "QGIS", Role.PLANNER, 3600.0)
        page = open_page("/admin")
        change = page.get_by_role("button", name="Rolle von Ute ändern")
        change.wait_for()
        assert change.is_disabled()
        page.get_by_label("Rolle von Ute", exact=True).select_option("viewer")
        change.click()
        page.get_by_text("Ute: Ansicht, aktiv.").wait_for()
        assert accounts.get(account.account_id).role is Role.VIEWER
        key = page.locator("#all-keys").get_by_role("row", name="Ute QGIS Ansicht")
        key.get_by_role("button").click()
        page.get_by_role("button", name="Endgültig widerrufen").click()
        page.get_by_text("Der Schlüssel „QGIS“ von Ute wurde widerrufen.").wait_for()
        assert accounts.of_key(secret) is None
        key.wait_for(state="detached")


def test_a_role_that_is_refused_is_shown_as_it_still_is(open_page, service):
    page = open_page("/admin", base=service.address)  # the console tells of the refusal
    refusal = {"code": "last_administrator", "title": "x", "hint": "y", "status": 409}
    page.route("**/api/accounts/*", lambda route: route.fulfill(status=409, json=refusal))
    roles = page.get_by_label("Rolle von Ada", exact=True)
    roles.select_option("viewer")
    page.get_by_role("button", name="Rolle von Ada ändern").click()
    page.get_by_text("Das ist das letzte aktive Konto mit der Rolle").wait_for()
    page.wait_for_function(
        "document.querySelector('[aria-label=\"Rolle von Ada\"]').value === 'admin'"
    )
