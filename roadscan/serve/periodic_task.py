"""A task that the service runs at startup and every hour after that."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Final

from starlette.concurrency import run_in_threadpool

HOUR_S: Final = 3600.0


def hourly(work: Callable[[], None]) -> Callable[[object], AbstractAsyncContextManager[None]]:
    """Return a lifespan for a router that does some work in a thread every hour.

    Shutdown does not wait for the work, which must therefore survive being killed.
    """

    async def repeat() -> None:
        while True:
            try:
                await run_in_threadpool(work)
            except Exception:  # the next run may succeed; the service itself goes on
                logging.getLogger(__name__).exception("the hourly task failed")
            await asyncio.sleep(HOUR_S)

    @asynccontextmanager
    async def lifespan(_: object) -> AsyncIterator[None]:
        task = asyncio.create_task(repeat())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    return lifespan
