"""A worker as started by `roadscan work`, which also records its time in the database.

python -m benchmarks.scale_worker DATA ACCOUNT; the database comes in ROADSCAN_DATABASE. The account
is a file, rewritten five times a second, so that a kill loses little of it; next to it a file with
the suffix .at_work appears when the worker has started.
"""

import json
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg

from roadscan.serve.jobs.worker import work
from roadscan.serve.settings import ServeSettings
from roadscan.serve.start import DATABASE

WRITTEN_EVERY_S = 0.2


def main(data: Path, account: Path) -> None:
    """Work until stopped."""
    spent_s: Counter[str] = Counter()
    _count_database(spent_s)
    threading.Thread(target=_keep_account, args=(spent_s, account), daemon=True).start()
    settings = ServeSettings(data=data, database=os.environ[DATABASE])
    work(settings, lambda _: account.with_suffix(".at_work").touch(), until_idle=False)


def _count_database(spent_s: Counter[str]) -> None:
    """Time each statement and commit: DBOS's tables are the queue, all others the store."""
    kinds: dict[int, str] = {}

    def timed(call: Callable[..., Any]) -> Callable[..., Any]:
        def statement(cursor: Any, query: Any, *args: Any, **kwargs: Any) -> Any:
            kind = "queue" if "dbos" in str(query) else "store"
            kinds[id(cursor.connection)] = kind
            begin = time.perf_counter()
            try:
                return call(cursor, query, *args, **kwargs)
            finally:
                spent_s[kind] += time.perf_counter() - begin

        return statement

    def commit(connection: Any) -> None:
        begin = time.perf_counter()
        real_commit(connection)
        spent_s[kinds.get(id(connection), "store")] += time.perf_counter() - begin

    real_commit = psycopg.Connection.commit
    psycopg.Connection.commit = commit  # type: ignore[method-assign]
    for name in ("execute", "executemany"):
        setattr(psycopg.Cursor, name, timed(getattr(psycopg.Cursor, name)))


def _keep_account(spent_s: Counter[str], account: Path) -> None:
    while True:
        new = account.with_suffix(".new")
        new.write_text(json.dumps(dict(spent_s)))
        new.replace(account)
        time.sleep(WRITTEN_EVERY_S)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
