from tests.small_drive import write_network


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
