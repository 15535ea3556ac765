"""The log of a service: one JSON object a line, with the id of the request it belongs to."""

import json
import logging
import time
from typing import Final

from roadscan.serve.middleware import Answered, current_request

_FACTS: Final = ("method", "path", "status", "ms", "subject")
"""Attributes of a record that go into its line."""


class JsonLines(logging.Formatter):
    """Writes a record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Return time, level, where from, what, the request, and its traceback if there is one."""
        told = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created)),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if request_id := current_request.get():
            told["request_id"] = request_id
        told |= {name: getattr(record, name) for name in _FACTS if hasattr(record, name)}
        if record.exc_info:
            told["traceback"] = self.formatException(record.exc_info)
        return json.dumps(told, ensure_ascii=False)


def log_to_stderr() -> None:
    """Let everything that is logged in this process be written as JSON lines on stderr."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for noisy in ("dbos", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def log_answer(answered: Answered) -> None:
    """Log a request; its path without the query, which says what somebody looked for."""
    logging.getLogger("roadscan.serve").info(
        "request",
        extra={
            "method": answered.method,
            "path": answered.path,
            "status": answered.status,
            "ms": round(1000 * answered.seconds, 1),
        },
    )
