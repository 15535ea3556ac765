import json
import shutil
import socket
import time

import pytest

from roadscan.cli.app import exit_code
from roadscan.detect import model_folder
from roadscan.serve.doctor import Finding, Verdict, examine_installation, examine_town
from roadscan.serve.settings import GIB, ServeSettings
from roadscan.store.sqlite import FILE, share_store
from roadscan.store.town.networks import NetworkVersions
from roadscan.store.town.workers import WorkerHeartbeats


@pytest.fixture
def town(tmp_path):
    """A town's folder on SQLite, closed to others, with its store."""
    folder = tmp_path / "town"
    folder.mkdir(mode=0o700)
    with share_store(folder) as store:
        yield store.engine, ServeSettings(data=folder)


def town_findings(settings: ServeSettings) -> dict[str, Finding]:
    return {finding.what: finding for finding in examine_town(settings)}


def installation(port=1, now_s=None) -> dict[str, Finding]:
    now_s = time.time() if now_s is None else now_s
    return {finding.what: finding for finding in examine_installation(port, now_s)}


def test_what_is_not_well_says_what_to_do(tmp_path):
    for finding in [
        *examine_installation(1, 0.0),
        *town_findings(ServeSettings(data=tmp_path)).values(),
    ]:
        assert finding.verdict is Verdict.OK or finding.to_do


def test_an_installation_that_runs_these_tests_is_well():
    assert {finding.verdict for finding in installation().values()} == {Verdict.OK}


def test_a_spoiled_model_fails(tmp_path, monkeypatch):
    folder = tmp_path / "models"
    shutil.copytree(model_folder._models_folder(), folder)
    (folder / "rdd-v5nu/network.bin").write_bytes(b"cut off")
    monkeypatch.setattr(model_folder, "_models_folder", lambda: folder)
    found = installation()
    assert found["model rdd-v5nu"].verdict is Verdict.FAIL
    assert found["model people-v5nu"].verdict is Verdict.OK


def test_a_missing_model_fails(tmp_path, monkeypatch):
    monkeypatch.setattr(model_folder, "_models_folder", lambda: tmp_path)
    assert installation()["models"].verdict is Verdict.FAIL


def test_a_clock_of_1970_fails():
    assert installation(now_s=0.0)["clock"].verdict is Verdict.FAIL


def test_a_port_that_somebody_listens_at_is_told():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert installation(port=taken.getsockname()[1])["port"].verdict is Verdict.WARN


def test_a_town_that_is_not_there_yet_is_a_warning_and_stays_away(tmp_path):
    found = town_findings(ServeSettings(data=tmp_path / "none"))
    assert {finding.verdict for finding in found.values()} == {Verdict.WARN}
    assert not (tmp_path / "none").exists()


def test_workers_and_network_are_asked_of_the_store(town):
    opened, settings = town
    found = town_findings(settings)
    assert (found["store"].verdict, found["folder"].verdict) == (Verdict.OK, Verdict.OK)
    assert (found["workers"].verdict, found["network"].verdict) == (Verdict.WARN, Verdict.WARN)
    WorkerHeartbeats(opened, time.time).beat("rathaus-0")
    NetworkVersions(opened, time.time).put_in_force("a" * 64, "roads.gpkg", "Ada")
    found = town_findings(settings)
    assert (found["workers"].found, found["network"].found) == ("1 alive", "roads.gpkg, version 1")


def test_a_folder_open_to_all_is_a_warning(town):
    _, settings = town
    settings.data.chmod(0o755)
    assert town_findings(settings)["folder"].verdict is Verdict.WARN


def test_less_room_than_the_reserve_fails(town):
    _, settings = town
    full = settings.model_copy(update={"free_disk_reserve_bytes": 1_000_000 * GIB})
    assert town_findings(full)["disk"].verdict is Verdict.FAIL


@pytest.mark.parametrize("name", [FILE, "jobs.db"])
def test_a_database_that_is_none_fails(tmp_path, name):
    (tmp_path / name).write_bytes(b"no database at all, by its first bytes")
    what = {FILE: "store", "jobs.db": "jobs"}[name]
    assert town_findings(ServeSettings(data=tmp_path))[what].verdict is Verdict.FAIL


@pytest.mark.parametrize("version", ["0001", "9999"])
def test_a_store_of_another_version_fails(town, version):
    opened, settings = town
    with opened.begin() as db:
        db.exec_driver_sql("UPDATE alembic_version SET version_num = ?", (version,))
    assert town_findings(settings)["store"].verdict is Verdict.FAIL


def test_a_database_that_cannot_be_reached_fails_without_its_password(tmp_path):
    settings = ServeSettings(data=tmp_path, database="postgresql://u:geheim@127.0.0.1:1/town")
    store = town_findings(settings)["store"]
    assert store.verdict is Verdict.FAIL
    assert "geheim" not in store.found


def test_the_command_fails_where_a_check_fails(tmp_path, capsys):
    (tmp_path / FILE).write_bytes(b"no database at all, by its first bytes")
    assert exit_code(["doctor", "--data", str(tmp_path), "--json"]) == 3
    told = json.loads(capsys.readouterr().out)
    assert {"what": "store", "verdict": "fail"}.items() <= next(
        line for line in told if line["what"] == "store"
    ).items()


def test_the_command_does_not_fail_for_warnings(tmp_path, capsys):
    assert exit_code(["doctor", "--data", str(tmp_path / "none")]) == 0
    assert "warn  store: no " in capsys.readouterr().out
