import errno
import json
import logging
import sqlite3
import time

import pytest
from sqlalchemy.exc import OperationalError

from roadscan.model.access import Role
from roadscan.serve.log import JsonLines
from roadscan.serve.middleware import REQUEST_ID
from roadscan.store.town.workers import WorkerHeartbeats


@pytest.mark.both_databases
def test_a_service_without_a_worker_is_well_but_not_ready(client, store):
    assert client.get("/healthz").text == "ok\n"
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["worker"]) == (503, False)
    heartbeats = WorkerHeartbeats(store.engine, time.time)
    heartbeats.beat("rathaus-0")
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["scheduler"]) == (503, False)
    heartbeats.scheduled("rathaus-0", ())
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"store": True, "disk": True, "worker": True, "scheduler": True}


def test_a_service_whose_database_is_away_says_so_and_what_is_missing(client, store, monkeypatch):
    def away(*_, **__):
        raise OperationalError("SELECT 1", {}, sqlite3.OperationalError("unable to open"))

    monkeypatch.setattr(type(store.engine), "connect", away)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"store": False, "disk": True, "worker": False, "scheduler": False}
    assert client.get("/metrics").status_code == 200
    assert client.get("/healthz").status_code == 200


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (sqlite3.OperationalError("database is locked"), 503, "store_busy"),
        (sqlite3.OperationalError("database or disk is full"), 507, "output_disk_full"),
        (sqlite3.OperationalError("unable to open database file"), 503, "store_unreachable"),
        (OSError(errno.ENOSPC, "No space left on device"), 507, "output_disk_full"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), 507, "output_disk_full"),
    ],
)
def test_what_passes_is_told_with_its_code_and_when_to_try_again(
    client, key_of, monkeypatch, error, status, code
):
    def fails(*_, **__):
        raise error if isinstance(error, OSError) else OperationalError("x", {}, error)

    monkeypatch.setattr("roadscan.store.layers.layer_store.LayerStore.reading", fails)
    for address in ("/ogc/collections/segments?f=json", "/api/surveys"):
        answer = client.get(address, headers=key_of(Role.VIEWER))
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert int(answer.headers["Retry-After"]) > 0


def test_requests_are_counted_by_route_not_by_address(client):
    for name in ("a", "b", "c"):
        client.get(f"/api/jobs/{name}")
    text = client.get("/metrics").text
    line = 'roadscan_requests_total{method="GET",route="/api/jobs/{job_id}",status="401"} 3.0'
    assert line in text
    assert "/api/jobs/a" not in text


def test_every_answer_has_an_id_that_its_line_in_the_log_has_too(client, caplog):
    with caplog.at_level(logging.INFO, "roadscan.serve"):
        answer = client.get("/healthz?secret=filter")
    record = next(r for r in caplog.records if r.name == "roadscan.serve")
    line = json.loads(JsonLines().format(record))
    assert (line["path"], line["status"]) == ("/healthz", 200)
    assert "secret" not in json.dumps(line)
    assert len(answer.headers[REQUEST_ID]) == 16


def test_a_line_of_the_log_is_one_line_whatever_was_logged():
    record = logging.LogRecord("x", logging.ERROR, "", 0, "two\nlines %s", ("\x1b[31m",), None)
    assert JsonLines().format(record).count("\n") == 0
