import json
import logging
import time

import pytest

from roadscan.serve.log import JsonLines
from roadscan.serve.middleware import REQUEST_ID
from roadscan.store.town.workers import WorkerHeartbeats


@pytest.mark.both_databases
def test_a_service_without_a_worker_is_well_but_not_ready(client, store):
    assert client.get("/healthz").text == "ok\n"
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["worker"]) == (503, False)
    WorkerHeartbeats(store.engine, time.time).beat("rathaus-0")
    assert client.get("/readyz").json() == {"store": True, "disk": True, "worker": True}


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
