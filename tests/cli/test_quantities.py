import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadscan.cli.quantities import SIZES, size_bytes, time_s, web_origin
from roadscan.errors import RoadscanError


def refused(read, *given):
    with pytest.raises(RoadscanError) as caught:
        read("--option", *given)
    assert caught.value.code == "option_invalid"
    assert "--option" in caught.value.message
    return caught.value.message


def span(text):
    return time_s("--option", text, "1min", "30d")


@pytest.mark.parametrize(
    ("text", "size"),
    [("20GB", 20 * 10**9), ("1.5 GiB", 3 * 2**29), ("7kb", 7000), ("1B", 1), ("2TiB", 2**41)],
)
def test_a_size_is_a_number_with_a_unit(text, size):
    assert size_bytes("--option", text) == size


@given(st.integers(1, 10**9 - 1), st.sampled_from(sorted(SIZES)))
def test_a_size_is_so_many_of_its_unit(number, unit):
    assert size_bytes("--option", f"{number}{unit}") == number * SIZES[unit]


@pytest.mark.parametrize(
    "text", ["", "20", "GB", "-1GB", "1e9B", "20 GB/s", "nanGB", "٣GB", "1 PB"]
)
def test_what_is_no_size_is_refused_with_what_was_seen(text):
    assert repr(text) in refused(size_bytes, text)


def test_a_size_below_the_least_is_refused():
    assert "less than 1B" in refused(size_bytes, "0B")
    assert size_bytes("--option", "0B", least="0B") == 0


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("90 min", 5400), ("12h", 43200), ("7d", 604800)]
)
def test_a_time_is_a_number_with_a_unit(text, seconds):
    assert span(text) == seconds


@pytest.mark.parametrize("text", ["", "7", "d", "-7d", "7 days", "1w", "infd"])
def test_what_is_no_time_is_refused(text):
    assert repr(text) in refused(time_s, text, "1min", "30d")


@pytest.mark.parametrize("text", ["59s", "31d"])
def test_a_time_out_of_bounds_is_refused_with_the_bounds(text):
    assert "not from 1min to 30d" in refused(time_s, text, "1min", "30d")


@pytest.mark.parametrize("text", ["https://maps.town.example", "http://127.0.0.1:8080", "*"])
def test_an_origin_is_scheme_and_host(text):
    assert web_origin("--option", text) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "maps.town.example",
        "https://",
        "https://maps.town.example/",
        "https://maps.town.example/page",
        "https://me:secret@maps.town.example",
        "https://maps.town.example?x",
        "https://maps.town.example:port",
        "https://maps.town.example:99999",
        "javascript:alert(1)",
        "https://stadt.example, https://b.example",
    ],
)
def test_what_is_no_origin_is_refused(text):
    refused(web_origin, text)
