"""What the service does beside answering: at its start, and every hour that it runs."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Final

from starlette.concurrency import run_in_threadpool

HOUR_S: Final = 3600.0


def hourly(work: Callable[[], None]) -> Callable[[object], AbstractAsyncContextManager[None]]:
    """Return a lifespan for a router that does some work in a thread.

    A stop does not wait for it: what it does must bear a kill.
    """

    async def again_and_again() -> None:
        while True:
            try:
                await run_in_threadpool(work)
            except Exception:  # the next hour may go better; the service itself goes on
                logging.getLogger(__name__).exception("the work of every hour failed")
            await asyncio.sleep(HOUR_S)

    @asynccontextmanager
    async def lifespan(_: object) -> AsyncIterator[None]:
        task = asyncio.create_task(again_and_again())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    return lifespan
