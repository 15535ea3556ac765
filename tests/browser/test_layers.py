"""Map, table and segment: three ways to the same numbers."""

import csv
import io
import re
from urllib.parse import parse_qs, urlencode, urlparse


def test_the_map_leads_from_a_segment_to_what_it_rests_on(open_page, damaged):
    page = open_page(f"/?{urlencode({'survey': damaged['survey'], 'segment': damaged['id']})}")
    page.locator("#details h2", has_text="Hauptstraße").wait_for()
    page.get_by_role("button", name="Verkleinern").click()
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(1000)  # the map comes to rest
    before = page.locator("#details").inner_text()
    canvas = page.locator("#map canvas")
    box = canvas.bounding_box()
    centre = {"x": box["width"] / 2, "y": box["height"] / 2}
    canvas.click(position=centre)
    assert page.locator("#details").inner_text() == before
    page.get_by_role("link", name="Grundlagen dieser Bewertung").click()
    page.wait_for_url("**/segment?*")
    page.get_by_text(re.compile("Hauptstraße, .* m")).wait_for()


def test_a_click_on_the_map_leads_to_the_segment_that_lies_there(open_page, service, damaged):
    page = open_page("/account")
    wanted = {"survey": damaged["survey"], "segment_id": damaged["id"]}
    items = f"{service.address}/ogc/collections/segments/items"
    (feature,) = page.request.get(items, params=wanted).json()["features"]
    (lon, lat), (to_lon, to_lat) = feature["geometry"]["coordinates"][:2]
    place = f"19.00/{(lat + to_lat) / 2:.6f}/{(lon + to_lon) / 2:.6f}"
    page = open_page(f"/?{urlencode({'survey': damaged['survey']})}#{place}")
    page.locator("#length-0", has_text="km").wait_for()
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(2000)  # the map comes to rest
    assert page.locator("#details h2").inner_text() == "Einzelheiten"
    box = page.locator("#map canvas").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.locator("#details h2", has_text="Hauptstraße").wait_for()
    page.get_by_role("link", name="Grundlagen dieser Bewertung").click()
    page.wait_for_url("**/segment?*")
    assert parse_qs(urlparse(page.url).query)["id"] == [damaged["id"]]


def test_a_street_is_named_once_a_link_in_the_direction_it_was_drawn(open_page):
    page = open_page("/")
    lines = page.evaluate(
        """async () => {
          const {nameLines} = await import("/static/street_names.js");
          const segment = (link_id, direction, from_m, coordinates, street = "Gasse") =>
            ({properties: {street, link_id, direction, from_m}, geometry: {coordinates}});
          return nameLines([
            segment("A", "forward", 20, [[2, 0], [3, 0]]),
            segment("A", "forward", 0, [[0, 0], [2, 0]]),
            segment("A", "backward", 0, [[2, 1], [0, 1]]),
            segment("B", "backward", 0, [[5, 1], [4, 1]]),
            segment("C", "forward", 0, [[0, 0], [1, 1]], ""),
          ]).map(line => line.geometry.coordinates);
        }"""
    )
    assert lines == [[[0, 0], [2, 0], [2, 0], [3, 0]], [[4, 1], [5, 1]]]


def test_what_is_searched_and_sorted_is_sent_with_the_address(open_page, survey):
    page = open_page(f"/streets?{urlencode({'survey': survey})}")
    page.locator("#streets tbody tr").first.wait_for()
    page.get_by_role("button", name="Schäden", exact=True).click()
    page.get_by_label("Suchen").fill("haupt")
    page.wait_for_url(re.compile("sort=damages&order=down&search=haupt"))
    page.get_by_role("link", name="English").click()
    page.locator("#streets tbody tr").first.wait_for()
    assert page.get_by_label("Find street").input_value() == "haupt"
    assert page.locator("th[aria-sort=descending]").inner_text() == "Damages"


def test_a_survey_without_segments_says_so_and_breaks_nothing(open_page):
    empty = {"name": "Leer", "scheme": "ap9k", "scheme_version": "1", "classes": []}
    nothing = {"type": "FeatureCollection", "features": [], "links": []}
    for address in ("/", "/streets"):
        page = open_page("/account")
        page.route("**/api/surveys", lambda route: route.fulfill(json=[empty]))
        page.route("**/items?*", lambda route: route.fulfill(json=nothing))
        page.goto(address)
        page.get_by_text("Diese Befahrung hat noch keine Abschnitte.").wait_for()


def test_the_map_tells_lengths_by_class_and_hides_a_class(open_page):
    page = open_page("/")
    page.locator("#length-0", has_text="km").wait_for()
    lengths = [page.locator(f"#length-{k}").inner_text() for k in range(5)]
    assert sum(float(text.split()[0].replace(",", ".")) for text in lengths) > 0.2
    page.get_by_label("nicht bewertet").uncheck()
    page.wait_for_url(re.compile("[?&]hide=0"))
    page.reload()
    assert not page.get_by_label("nicht bewertet").is_checked()
    assert page.get_by_label("2 gebrauchstauglich").is_checked()


def test_a_segment_shows_its_steps_cells_and_pictures(open_page, damaged):
    page = open_page(f"/segment?{urlencode(damaged)}")
    page.locator("#damages img").first.wait_for()
    assert (
        page.locator("#damages img").first.evaluate(
            "async i => { await i.decode(); return i.naturalWidth; }"
        )
        > 0
    )
    assert page.locator("#steps tr").count() == 3
    assert page.locator("#cells rect").count() > 30
    assert page.get_by_text("einen anderen Wert").count() == 0


def test_a_segment_shows_its_road_in_the_direction_of_travel_when_one_comes_to_it(
    open_page, damaged
):
    page = open_page(f"/segment?{urlencode(damaged)}")
    pictures = page.get_by_role("img", name=re.compile("^Straße von [0-9]+ bis [0-9]+ m$"))
    pictures.first.wait_for()
    assert {one.get_attribute("loading") for one in pictures.all()} == {"lazy"}
    places = [int(one.get_attribute("alt").split()[2]) for one in pictures.all()]
    assert places == sorted(places)
    last = pictures.last
    last.scroll_into_view_if_needed()
    assert last.evaluate("async i => { await i.decode(); return i.naturalWidth; }") > 0
    caption = page.locator("#road figcaption").first
    assert re.match(f"{places[0]} bis [0-9]+ m, 10.06.2026", caption.inner_text())


def test_a_segment_says_why_cells_were_not_seen_most_of_them_first(open_page, damaged, service):
    page = open_page("/account")
    asked = f"{service.address}/api/evidence/segment?{urlencode(damaged)}"
    evidence = page.request.get(asked).json()
    evidence["properties"] |= {
        "lost": "frame_blurred:0.05 frame_repeated:0.5",
        "score": None,
        "reason": "frames_unusable",
    }
    page.route("**/api/evidence/segment?*", lambda route: route.fulfill(json=evidence))
    page.goto(f"/segment?{urlencode(damaged)}")
    page.get_by_text("Nicht bewertet: Bilder unbrauchbar.").wait_for()
    assert page.locator("#outcome ul li").all_inner_texts() == [
        "das Video stehen blieb: 50\u00a0% der Rasterfelder",
        "das Bild unscharf war: 5\u00a0% der Rasterfelder",
    ]


def test_streets_are_sorted_searched_and_taken_away_as_csv(open_page, survey):
    page = open_page(f"/streets?{urlencode({'survey': survey})}")
    row = page.locator("#streets tbody tr")
    row.first.wait_for()
    page.get_by_role("button", name="Länge (m)").click()
    assert page.locator("th[aria-sort=descending]").inner_text() == "Länge (m)"
    page.get_by_role("button", name="Länge (m)").click()
    assert page.locator("th[aria-sort=ascending]").inner_text() == "Länge (m)"
    page.get_by_label("Suchen").fill("no such street")
    assert row.count() == 0
    page.get_by_label("Suchen").fill("haupt")
    assert row.count() == 1
    with page.expect_download() as downloading:
        page.get_by_role("link", name="CSV").click()
    text = downloading.value.path().read_text("utf-8-sig")
    assert {line["street"] for line in csv.DictReader(io.StringIO(text))} == {"Hauptstraße"}


def test_the_table_leads_to_the_map_and_to_the_worst_segment_without_a_mouse(open_page, survey):
    page = open_page(f"/streets?{urlencode({'survey': survey})}")
    street = page.get_by_role("link", name="Hauptstraße")
    worst = page.locator("#streets tbody tr a[href^='/segment']").get_attribute("href")
    street.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/[?]survey=.*&street="))
    first = page.locator("#details li button").first
    first.focus()
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Grundlagen dieser Bewertung").wait_for()
    page.goto(worst)
    page.locator("#outcome", has_text="Substanzwert").wait_for()


def test_the_printed_table_carries_map_legend_method_and_limits(open_page, survey):
    page = open_page(f"/streets?{urlencode({'survey': survey})}")
    page.locator("#streets tbody tr").first.wait_for()
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("#picture path").count() > 10
    assert page.locator("#legend svg").count() == 6  # four classes, one not sure, one not assessed
    for part in ("#picture svg", "#printed", "text=Verfahren und Grenzen"):
        assert page.locator(part).is_visible()
    assert not page.locator("nav").is_visible()


def test_the_printed_map_holds_its_scale_and_names_its_streets(open_page, survey):
    page = open_page(f"/streets?{urlencode({'survey': survey})}")
    page.locator("#streets tbody tr").first.wait_for()
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("#picture .street").all_text_contents() == ["Hauptstraße"]
    told = page.locator("#picture text", has_text="1 :").text_content()
    metres, scale = re.match(r"(\d+) m, 1 : ([\d.]+)", told).groups()
    span_m = """lines => {
      const boxes = lines.map(line => line.getBBox());
      const ends = boxes.flatMap(({x, width}) => [x, x + width]);
      const {width, viewBox} = lines[0].ownerSVGElement;
      const units = Math.max(...ends) - Math.min(...ends);
      return units * width.baseVal.value / viewBox.baseVal.width / 96 * 0.0254;
    }"""
    on_ground = int(scale.replace(".", ""))
    bar_m = page.locator("#picture .bar").evaluate_all(span_m) * on_ground
    street_m = page.locator("#picture path[stroke-dasharray]").evaluate_all(span_m) * on_ground
    assert abs(bar_m - int(metres)) < 0.005 * int(metres)
    assert abs(street_m - 330.0) < 1.5
