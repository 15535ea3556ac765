"""A PostgreSQL server with PostGIS for one run, in a temporary folder, reached by a socket there.

`python -m tests.throwaway_postgres COMMAND ...` runs a command with the server's address in
ROADSCAN_TEST_DATABASE and ends with the command's own status.
"""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ADDRESS = "ROADSCAN_TEST_DATABASE"
USER = "roadscan"
INSTALLS = "apt-get install postgresql-15-postgis-3, or what your system calls it"


@contextmanager
def throwaway_postgres(*, durable: bool) -> Iterator[str]:
    """Start a server and yield its address; `durable` if a commit has to reach the disk."""
    programs = _programs()
    with tempfile.TemporaryDirectory(prefix="roadscan-pg-") as name:
        folder = Path(name)
        owner = _unprivileged(folder)
        # German order of text, which is none of bytes: what is sorted has to say how
        made = ["--encoding=UTF8", "--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=de"]
        _run([programs / "initdb", "-D", folder / "data", "-U", USER, "-A", "trust", *made], owner)
        settings = {"listen_addresses": "", "unix_socket_directories": str(folder)}
        if not durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        with (folder / "data" / "postgresql.conf").open("a") as file:
            file.writelines(f"{key} = '{value}'\n" for key, value in settings.items())
        control = [programs / "pg_ctl", "-D", folder / "data", "-w", "-l", folder / "log"]
        _run([*control, "start"], owner)
        try:
            yield f"postgresql://{USER}@/postgres?host={folder}"
        finally:
            _run([*control, "-m", "immediate", "stop"], owner)


def _programs() -> Path:
    """Return the folder of the newest server's programs."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=_version)
    if found:
        return found[-1].parent
    initdb = shutil.which("initdb")
    if initdb is None:
        raise SystemExit(f"no PostgreSQL server is installed: {INSTALLS}")
    return Path(initdb).parent


def _version(initdb: Path) -> float:
    return float(initdb.parents[1].name)


def _unprivileged(folder: Path) -> str | None:
    """Give the folder to the user `postgres` if we are root, as whom no server starts."""
    if os.geteuid() != 0:
        return None
    shutil.chown(folder, "postgres", "postgres")
    return pwd.getpwnam("postgres").pw_name


def _run(command: list[str | Path], user: str | None) -> None:
    done = subprocess.run(
        [str(word) for word in command],
        user=user,
        group=user,
        extra_groups=[] if user else None,
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE if "initdb" in str(command[0]) else subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
        check=False,
    )
    if done.returncode:
        words = (done.stdout or b"").decode(errors="replace")
        raise SystemExit(f"{' '.join(map(str, command[:3]))} failed\n{words}")


def main(command: list[str]) -> int:
    """Run a command beside a server whose data need not last."""
    with throwaway_postgres(durable=False) as address:
        return subprocess.run(command, env={**os.environ, ADDRESS: address}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
