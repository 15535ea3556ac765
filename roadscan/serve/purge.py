"""Puts retention together for a town."""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

from roadscan.serve.databases import jobs_url, open_town
from roadscan.serve.jobs.queue import JobQueue
from roadscan.serve.retention import Retention
from roadscan.serve.settings import ServeSettings
from roadscan.serve.uploads.storage import UploadStorage
from roadscan.store.files import Files
from roadscan.store.sql import SqlStore


@contextmanager
def open_retention(settings: ServeSettings) -> Iterator[Retention]:
    """Open what retention needs of a town, for `roadscan purge`."""
    with closing(JobQueue(jobs_url(settings))) as queue, open_town(settings) as store:
        yield retention_of(settings, store, queue, "roadscan purge")


def retention_of(settings: ServeSettings, store: SqlStore, queue: JobQueue, who: str) -> Retention:
    """Return the retention of an open town; `who` deletes, as the audit log names it."""
    storage = UploadStorage(settings.data, settings.upload_limits)
    return Retention(Files(store.engine), storage, queue, time.time, settings.keep_raw_s, who)
