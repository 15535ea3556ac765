import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

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
