"""Speed of an upload, compared with a plain copy of the same file to the same disk.

python -m benchmarks.upload [--megabytes 500] [--runs 3] [--folder FOLDER]

Starts `roadscan serve` (one web process, no worker) and sends a new file each time: in one
request, as most tus clients do, and by `roadscan upload`, which reads the file once more for its
checksum. A copy is `cp` and fsync. They alternate, and ratios are taken run by run.
"""

import argparse
import hashlib
import os
import secrets
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psutil

from roadscan.model.access import Role
from roadscan.pipeline.progress import NoProgress
from roadscan.serve.uploads import tus_protocol
from roadscan.serve.uploads.client import list_sources, send_files
from roadscan.serve.uploads.connection import Connection, ConnectionLostError
from roadscan.store.sqlite import share_store
from roadscan.store.town.accounts import Accounts

MB = 10**6
STARTS_WITHIN_S = 60.0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--megabytes", type=int, default=500)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="on the disk to be measured")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="roadscan-bench-", dir=given.folder) as temporary:
        folder = Path(temporary)
        key, port = _make_town(folder / "town"), _free_port()
        command = [sys.executable, "-c", "from roadscan.cli.app import main; main()", "serve"]
        command += ["--data", str(folder / "town"), "--port", str(port), "--workers", "0"]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
            try:
                with closing(Connection(f"http://127.0.0.1:{port}", key)) as line:
                    _wait_for(line)
                    _measure(line, folder, given.megabytes * MB, given.runs)
                memory = psutil.Process(server.pid).memory_info().rss / 1024**2
                print(f"memory of the web process afterwards: {memory:.0f} MiB")
            finally:
                server.terminate()


def _measure(line: Connection, folder: Path, size: int, runs: int) -> None:
    ways: dict[str, Callable[[Path], str]] = {
        "one request": lambda path: _send_at_once(line, path),
        "roadscan upload": lambda path: _send_by_command(line, path),
    }
    ratios: dict[str, list[float]] = {name: [] for name in ways}
    print(f"{size / MB:.0f} MB, {runs} runs; MB/s")
    for number in range(runs):
        told = []
        for name, send in ways.items():
            source = folder / f"{number}.mp4"
            source.write_bytes(secrets.token_bytes(size))
            sha256 = hashlib.sha256(source.read_bytes()).hexdigest()
            os.sync()
            copy_s = _timed(lambda: _copy(source, folder / "copy"))  # noqa: B023 -- called here
            line.close()  # the service has let go of it long ago
            began_s = time.perf_counter()
            if send(source) != sha256:
                raise AssertionError("another file arrived")
            took_s = time.perf_counter() - began_s
            ratios[name].append(copy_s / took_s)
            told.append(f"{name} {size / MB / took_s:.0f} (copy {size / MB / copy_s:.0f})")
            source.unlink()
        print(f"run {number + 1}: {', '.join(told)}")
    for name, shares in ratios.items():
        print(f"{name}: {statistics.median(shares):.2f} of the speed of a copy")


def _copy(source: Path, target: Path) -> None:
    subprocess.run(["cp", str(source), str(target)], check=True)
    with target.open("rb+") as file:
        os.fsync(file.fileno())
    target.unlink()


def _send_at_once(line: Connection, path: Path) -> str:
    size = path.stat().st_size
    told = {
        "Upload-Length": str(size),
        "Upload-Metadata": tus_protocol.write_metadata({"name": "a"}),
    }
    url = line.send("POST", "/uploads", told).headers["Location"]
    head = {"Content-Type": tus_protocol.CHUNK_TYPE, "Upload-Offset": "0"}
    with path.open("rb") as file:
        pieces = iter(lambda: file.read(256 * 1024), b"")
        return str(line.send("PATCH", url, head, pieces, size).headers[tus_protocol.FILE_HEADER])


def _send_by_command(line: Connection, path: Path) -> str:
    (result,) = send_files(line, list_sources([path]), "", NoProgress())
    return str(getattr(result, "sha256", result))


def _timed(action: Callable[[], None]) -> float:
    began_s = time.perf_counter()
    action()
    return time.perf_counter() - began_s


def _make_town(data: Path) -> str:
    with share_store(data) as store:
        accounts = Accounts(store.engine, time.time)
        account = accounts.add("bench", Role.UPLOADER, None)
        return accounts.add_key(account.account_id, "bench", Role.UPLOADER, 86400.0)[1]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(line: Connection) -> None:
    end_s = time.monotonic() + STARTS_WITHIN_S
    while True:
        try:
            line.get("/api/uploads")
        except ConnectionLostError:
            if time.monotonic() > end_s:
                raise
            time.sleep(0.2)
        else:
            return


if __name__ == "__main__":
    main()
