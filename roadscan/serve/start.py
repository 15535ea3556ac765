"""Starts the service on this machine."""

import time
from collections.abc import Callable
from typing import Final

import uvicorn

from roadscan.model.access import Role
from roadscan.serve.app import create_app
from roadscan.serve.settings import ServeSettings
from roadscan.store.accounts import Accounts
from roadscan.store.sqlite import share_store

FIRST_LINK_S: Final = 86400.0
"""How long the first administrator's link holds; the next start prints another one."""


def serve(settings: ServeSettings, host: str, port: int, say: Callable[[str], None]) -> None:
    """Serve until stopped; `say` hears what the one who starts it has to know."""
    address = f"http://{host}:{port}"
    with share_store(settings.data) as store:
        accounts = Accounts(store.engine, time.time)
        if not accounts.all():
            token = accounts.invite(Role.ADMIN, FIRST_LINK_S)
            say(f"Make the first administrator's account: {address}/welcome#{token}")
        say(f"roadscan serves {settings.data} at {address}")
        uvicorn.run(
            create_app(settings, store),
            host=host,
            port=port,
            log_level="warning",
            server_header=False,
        )
