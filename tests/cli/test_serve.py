"""`roadscan serve`: what its options become."""

import pytest

import roadscan.serve.start
from roadscan.cli.app import exit_code
from roadscan.cli.options import ServedLayer
from roadscan.serve.ogc.texts import COLLECTIONS
from roadscan.serve.settings import GIB, ServeSettings


@pytest.fixture
def settings(monkeypatch, tmp_path):
    """The settings that the service would be started with; the exit code where there is none."""

    def of(*options: str) -> ServeSettings | int:
        started = []
        monkeypatch.setattr(roadscan.serve.start, "serve", lambda given, *_: started.append(given))
        code = exit_code(["serve", "--data", str(tmp_path), *options])
        return started[0] if started else code

    return of


def test_without_options_the_settings_are_their_defaults(settings, tmp_path):
    assert settings() == ServeSettings(data=tmp_path)


def test_sizes_and_times_are_written_with_units(settings):
    limits = ["--max-upload", "20GB", "--upload-quota=1TB", "--disk-reserve", "10GiB"]
    found = settings(*limits, "--session", "8h", "--upload-expires", "2d")
    assert found.max_upload_bytes == 20 * 10**9
    assert found.upload_quota_bytes == 10**12
    assert found.free_disk_reserve_bytes == 10 * GIB
    assert (found.session_s, found.upload_expires_s) == (8 * 3600.0, 2 * 86400.0)


def test_how_long_raw_recordings_are_kept_is_said_in_days_and_deletion_may_be_switched_off(
    settings,
):
    found = settings("--keep-days", "3")
    assert (found.deletes_raw, found.keep_raw_s) == (True, 3 * 86400.0)
    assert not settings("--no-purge").deletes_raw


def test_who_is_responsible_may_be_named_also_by_the_environment(settings, monkeypatch):
    assert settings("--operator", "Stadt X\nAmt 7 ").operator == "Stadt X\nAmt 7"
    monkeypatch.setenv("ROADSCAN_OPERATOR", "Stadt Y")
    assert settings().operator == "Stadt Y"


def test_several_origins_may_be_allowed(settings):
    given = ["--allow-origin", "https://a.example", "--allow-origin", "https://b.example"]
    assert settings(*given).allow_origins == ("https://a.example", "https://b.example")


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--max-upload", "0B"),
        ("--max-upload", "big"),
        ("--upload-quota", "63GiB"),
        ("--disk-reserve", "5"),
        ("--session", "1min"),
        ("--upload-expires", "60d"),
        ("--allow-origin", "maps.town.example"),
    ],
)
def test_what_cannot_be_meant_ends_in_one_line_that_names_the_option(
    settings, capsys, option, value
):
    assert settings(option, value) == 2
    told = capsys.readouterr().err
    assert told.startswith("roadscan: option_invalid: ")
    assert told.count("\n") == 1
    assert option in told
    assert value in told


def test_layers_are_made_public_together_or_by_name(settings):
    assert settings("--public-layers").public_collections == {"segments", "damages"}
    found = settings("--public-layer", "segments", "--public-layer", "cells")
    assert found.public_collections == {"segments", "cells"}
    assert settings("--public-layer", "photos") == 2


def test_the_layers_that_can_be_made_public_are_those_that_are_served():
    assert {layer.value for layer in ServedLayer} == COLLECTIONS.keys()
