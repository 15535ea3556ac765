"""The log of a service: one JSON object per line, with the id of the request that it belongs to."""

import json
import logging
import time
from typing import Final

from roadscan.serve.middleware import Answered, current_request

_FACTS: Final = ("method", "path", "status", "ms", "subject")
"""Attributes of a record that are written to its line."""


class JsonLines(logging.Formatter):
    """A formatter that writes a record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Return time, level, logger, message, request, and the traceback if there is one."""
        line = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created)),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if request_id := current_request.get():
            line["request_id"] = request_id
        line |= {name: getattr(record, name) for name in _FACTS if hasattr(record, name)}
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def log_to_stderr() -> None:
    """Write everything that this process logs to stderr, as JSON lines."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for noisy in ("dbos", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def log_answer(answered: Answered) -> None:
    """Log a request, without its query, which would reveal what the user searched for."""
    logging.getLogger("roadscan.serve").info(
        "request",
        extra={
            "method": answered.method,
            "path": answered.path,
            "status": answered.status,
            "ms": round(1000 * answered.seconds, 1),
        },
    )
