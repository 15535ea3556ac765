"""200 faults while files are sent, kills of the web process and cut lines: nothing is lost."""

import hashlib
import socket
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from random import Random
from threading import Event

import pytest

from roadscan.errors import InputFault
from roadscan.model.access import Role
from roadscan.pipeline.progress import NoProgress
from roadscan.serve.uploads import client, tus_protocol
from roadscan.serve.uploads.client import list_sources, send_files
from roadscan.serve.uploads.connection import Connection, ConnectionLostError
from roadscan.serve.uploads.upload_folder import read_record
from roadscan.store.sqlite import share_store
from roadscan.store.town.accounts import Accounts
from roadscan.store.town.files import Files

SERVER = Path(__file__).with_name("upload_server.py")
KILLS, CUTS = 120, 80
SEED = 20260314
MIB = 1024**2


@pytest.fixture
def town(tmp_path):
    """The data folder of a service, and the key of an account that may upload."""
    data = tmp_path / "town"
    with share_store(data) as store:
        accounts = Accounts(store.engine, time.time)
        account = accounts.add("Ida", Role.UPLOADER, None)
        yield data, accounts.add_key(account.account_id, "test", Role.UPLOADER, 3600.0)[1]


class Counts:
    """What happened: the test would say nothing if faults had met no upload."""

    def __init__(self):
        self.cuts = 0
        self.broken = 0
        self.resumed = 0
        self.sent = Counter()


def source(chance):
    return chance.randbytes(chance.randint(MIB, 4 * MIB))


def send_raw(line, content, chance, counts):
    """Send one file as a plain tus client would, cutting the line at times; return its checksum."""
    address = ("127.0.0.1", int(line.url.rpartition(":")[2]))
    url, offset = "", None
    while True:
        try:
            if not url:
                answer = line.send("POST", "/uploads", {"Upload-Length": str(len(content))})
                url = answer.headers["Location"] if answer.status == 201 else ""
            answer = line.send("HEAD", url) if url else None
            if answer is None or answer.status == 423:
                time.sleep(0.01)
                continue
            assert answer.status == 200, answer
            if tus_protocol.FILE_HEADER in answer.headers:
                return answer.headers[tus_protocol.FILE_HEADER]
            offset = int(answer.headers["Upload-Offset"])
            counts.resumed += offset > 0
            left = len(content) - offset
            cut = chance.random() < 0.4 and counts.cuts < CUTS
            head = (
                f"PATCH {url} HTTP/1.1\r\nHost: x\r\nTus-Resumable: 1.0.0\r\nX-API-Key: {line.key}"
                f"\r\nContent-Type: {tus_protocol.CHUNK_TYPE}\r\nUpload-Offset: {offset}\r\n"
                f"Content-Length: {left}\r\nConnection: close\r\n\r\n"
            )
            with socket.create_connection(address, timeout=20.0) as connection:
                connection.sendall(head.encode())
                if cut:
                    connection.sendall(content[offset : offset + chance.randint(0, left)])
                    counts.cuts += 1
                else:
                    connection.sendall(content[offset:])
                    connection.recv(100)
        except (ConnectionLostError, OSError):
            counts.broken += 1
            time.sleep(0.02)


def test_no_kill_and_no_cut_line_spoils_or_loses_a_file(town, tmp_path, monkeypatch):
    data, key = town
    monkeypatch.setattr(client, "CHUNK_BYTES", MIB // 2)
    for limit in ("GIVE_UP_AFTER_S", "NEVER_ANSWERED_S"):
        monkeypatch.setattr(client, limit, float("inf"))
    command = [sys.executable, str(SERVER), str(data), str(KILLS), str(SEED)]
    counts, enough = Counts(), Event()
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        address = f"http://127.0.0.1:{server.stdout.readline().strip()}"

        def raw(seed):
            chance = Random(seed)  # noqa: S311 -- content and moments of a test
            with closing(Connection(address, key, 20.0)) as line:
                while not enough.is_set() or counts.cuts < CUTS:
                    content = source(chance)
                    sha256 = hashlib.sha256(content).hexdigest()
                    assert send_raw(line, content, chance, counts) == sha256
                    counts.sent[sha256] += 1

        def by_command(seed):
            chance = Random(seed)  # noqa: S311 -- content and moments of a test
            path = tmp_path / f"{seed}.mp4"
            with closing(Connection(address, key, 20.0)) as line:
                while not enough.is_set():
                    path.write_bytes(source(chance))
                    files = list_sources([path])
                    (result,) = send_files(
                        line, files, "", NoProgress(), wait=lambda _: time.sleep(0.02)
                    )
                    assert not isinstance(result, InputFault), result
                    counts.sent[result.sha256] += 1

        with ThreadPoolExecutor(4) as senders:
            tasks = [senders.submit(raw, 1), senders.submit(raw, 2)]
            tasks += [senders.submit(by_command, 3), senders.submit(by_command, 4)]
            assert server.stdout.readline() == "killed enough\n"
            enough.set()
            for task in tasks:
                task.result()
        server.stdin.close()

    assert counts.cuts >= CUTS
    assert counts.broken > KILLS // 4
    assert counts.resumed > 20
    assert len(counts.sent) > 10
    for sha256 in counts.sent:
        kept = (data / "files" / sha256[:2] / sha256).read_bytes()
        assert hashlib.sha256(kept).hexdigest() == sha256
    with share_store(data) as store:
        known = {file.sha256 for file in Files(store.engine).newest(10_000)}
    assert known == set(counts.sent) == {p.name for p in (data / "files").glob("*/*")}
    left = [read_record(folder) for folder in (data / "uploads" / "open").iterdir()]
    # a creation whose answer was lost leaves an empty upload behind, which expires
    assert all(upload is None or upload.offset_bytes == 0 for upload in left)
    sys.stderr.write(f"{vars(counts) | {'sent': len(counts.sent)}}\n")
