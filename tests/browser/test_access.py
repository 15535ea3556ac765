from tests.browser.conftest import ADMIN, PASSWORD


def test_the_first_administrator_comes_by_the_link_that_was_printed(open_page):
    page = open_page("/admin")
    row = page.locator("#accounts tr", has_text=ADMIN).first
    row.wait_for()
    name, _, state, *_ = row.locator("td").all_inner_texts()
    assert (name, row.get_by_role("combobox").input_value(), state) == (ADMIN, "admin", "aktiv")


def test_who_is_not_logged_in_is_sent_to_the_login_and_back(chromium, service):
    context = chromium.new_context(base_url=service.address, locale="de-DE")
    page = context.new_page()
    page.goto("/streets?survey=small+drive")
    page.wait_for_url("**/login?back=*")
    page.get_by_label("Name").fill(ADMIN)
    page.get_by_label("Passwort").fill("wrong and long enough")
    page.get_by_role("button", name="Anmelden").click()
    page.get_by_text("Name oder Passwort ist falsch").wait_for()
    page.get_by_label("Passwort").fill(PASSWORD)
    page.get_by_role("button", name="Anmelden").click()
    page.wait_for_url("**/streets?survey=small+drive")
    page.get_by_text("Hauptstraße").first.wait_for()
    context.close()


def test_a_key_opens_the_layers_until_it_is_revoked(open_page, service, chromium):
    page = open_page("/account", "en")
    page.get_by_label("Purpose").fill("QGIS in room 12")
    page.get_by_role("button", name="Create key").click()
    secret = page.locator("code.secret").inner_text()
    program = chromium.new_context(base_url=service.address)
    ask = {"headers": {"X-API-Key": secret}}
    assert program.request.get("/ogc/collections/segments/items?limit=1", **ask).status == 200
    page.get_by_role("row", name="QGIS in room 12").get_by_role("button", name="Revoke").click()
    page.get_by_role("row", name="QGIS in room 12").get_by_text("revoked").wait_for()
    assert program.request.get("/ogc/collections/segments/items?limit=1", **ask).status == 401
    program.close()


def test_an_invitation_makes_an_account_that_sees_no_administration(open_page, chromium):
    page = open_page("/admin")
    page.locator("#invite select").select_option("viewer")
    page.get_by_role("button", name="Einladen").click()
    link = page.locator("#invitation code").inner_text()
    context = chromium.new_context(locale="de-DE")
    invited = context.new_page()
    invited.goto(link)
    invited.get_by_label("Name").fill("Grace")
    invited.get_by_label("Passwort").fill(PASSWORD)
    invited.get_by_role("button", name="Konto anlegen").click()
    invited.locator("#who", has_text="Grace").wait_for()
    assert not invited.get_by_role("link", name="Verwaltung").is_visible()
    context.close()
