"""Puts retention together for a town, for `roadscan purge`."""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

from roadscan.serve.databases import jobs_url, open_town
from roadscan.serve.jobs.queue import JobQueue
from roadscan.serve.retention import Retention
from roadscan.serve.settings import ServeSettings
from roadscan.serve.uploads.storage import UploadStorage
from roadscan.store.accounts import Accounts
from roadscan.store.files import Files


@contextmanager
def open_retention(settings: ServeSettings) -> Iterator[Retention]:
    """Open what retention needs of a town."""
    with closing(JobQueue(jobs_url(settings))) as queue, open_town(settings) as store:
        yield Retention(
            Files(store.engine),
            UploadStorage(settings.data, settings.upload_limits),
            queue,
            Accounts(store.engine, time.time),
            time.time,
            settings.keep_raw_s,
        )
