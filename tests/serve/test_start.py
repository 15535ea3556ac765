import base64
import hashlib
import http.client
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from roadscan.model.access import Role
from roadscan.serve.start import GRACE_S
from roadscan.store.sqlite import share_store
from roadscan.store.town.accounts import Accounts

WAIT_S = 60.0
SERVE = [sys.executable, "-c", "from roadscan.cli.app import main; main()", "serve"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(happened) -> None:
    ends = time.monotonic() + WAIT_S
    while not happened():
        assert time.monotonic() < ends, "it did not happen in time"
        time.sleep(0.1)


def ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5):
            return True
    except OSError:
        return False


def children_of(pid: int) -> list[int]:
    """Return the processes that any thread of a process has started."""
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]


def test_the_first_start_invites_an_administrator_and_a_stop_ends_the_workers(tmp_path):
    port = free_port()
    command = [*SERVE, "--data", str(tmp_path / "town"), "--port", str(port)]
    service = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        first = service.stdout.readline()
        assert re.search(rf"http://127\.0\.0\.1:{port}/welcome#\S{{40,}}", first)
        until(lambda: ready(port) and children_of(service.pid))
        (worker,) = children_of(service.pid)
        service.send_signal(signal.SIGTERM)
        assert service.wait(WAIT_S) == 0
        assert not Path(f"/proc/{worker}").exists()
    finally:
        service.kill()
        service.stdout.close()


def test_workers_end_when_their_service_is_killed(tmp_path):
    port = free_port()
    command = [*SERVE, "--data", str(tmp_path / "town"), "--port", str(port)]
    service = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(lambda: ready(port) and children_of(service.pid))
        (worker,) = children_of(service.pid)
        until(lambda: list((tmp_path / "town" / "workers").glob("*.lock")))
    finally:
        service.kill()
        service.wait(WAIT_S)
    until(lambda: not Path(f"/proc/{worker}").exists())


@contextmanager
def serving(data: Path) -> Iterator[tuple["subprocess.Popen[str]", int]]:
    """Run a service without workers, and its port."""
    port = free_port()
    command = [*SERVE, "--data", str(data), "--port", str(port), "--workers", "0"]
    command += ["--disk-reserve", "0B"]
    with (data.parent / "log").open("ab") as log:
        service = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=log)
    try:
        until(lambda: ready(port))
        yield service, port
    finally:
        service.kill()
        service.wait(WAIT_S)


def test_a_stop_amid_an_upload_ends_soon_and_loses_no_byte_that_was_counted(tmp_path):
    """The sender never pauses: a stop that waited for it would wait for hours."""
    data = tmp_path / "town"
    whole = hashlib.shake_128(b"a drive").digest(40_000_000)
    with serving(data) as (service, port):
        with share_store(data) as store:
            accounts = Accounts(store.engine, time.time)
            account = accounts.add("Uli", Role.UPLOADER, None)
            _, key = accounts.add_key(account.account_id, "x", Role.UPLOADER, 3600.0)
        headers = {"Tus-Resumable": "1.0.0", "X-API-Key": key}
        place = created(port, headers, len(whole))
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=WAIT_S)
        line.putrequest("PATCH", place)
        piece = {"Content-Type": "application/offset+octet-stream", "Upload-Offset": "0"}
        for name, value in {**headers, **piece, "Content-Length": str(len(whole))}.items():
            line.putheader(name, value)
        line.endheaders()
        sent, ends = 0, None
        with suppress(OSError):
            while service.poll() is None and sent < len(whole):
                line.send(whole[sent : sent + 50_000])
                sent += 50_000
                time.sleep(0.05)
                if sent == 1_000_000:
                    service.send_signal(signal.SIGTERM)
                    ends = time.monotonic() + GRACE_S + WAIT_S
        assert service.wait(WAIT_S) == 0
        assert ends is not None
        assert time.monotonic() < ends
        assert sent < len(whole), "the stop waited for the whole upload"
        line.close()
    with serving(data) as (_, port):
        status, answer = ask(port, "HEAD", place, headers)
        assert status == 200
        offset = int(answer["Upload-Offset"])
        assert 0 < offset <= sent
        rest = {**headers, **piece, "Upload-Offset": str(offset)}
        status, answer = ask(port, "PATCH", place, rest, whole[offset:])
        assert status == 204
        assert answer["Roadscan-File"] == hashlib.sha256(whole).hexdigest()


def created(port: int, headers: dict[str, str], size: int) -> str:
    """Begin an upload and return its address."""
    name = base64.b64encode(b"drive.mp4").decode()
    more = {"Upload-Length": str(size), "Upload-Metadata": f"filename {name}"}
    status, answer = ask(port, "POST", "/uploads", headers | more)
    assert status == 201
    return answer["Location"]


def ask(port, method, place, headers, body=None):
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=WAIT_S)
    line.request(method, place, body, headers)
    answer = line.getresponse()
    answer.read()
    line.close()
    return answer.status, answer.headers
