"""The log that SQLite writes ahead of its file."""

from sqlalchemy import Engine, text


def empty_log(engine: Engine) -> None:
    """Bring SQLite's write-ahead log into its file and empty it: it holds what rows were before.

    Where somebody reads meanwhile it stays for now, and is emptied by whoever closes last.
    """
    if engine.dialect.name == "sqlite":
        with engine.connect() as db:
            db.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
