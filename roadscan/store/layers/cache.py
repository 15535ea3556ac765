"""Answers kept in memory until there are too many bytes of them."""

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Any, Generic, TypeVar

Answer = TypeVar("Answer")


class ByteLimitedCache(Generic[Answer]):
    """Answers by what they answer, the least asked for going first; safe in several threads."""

    def __init__(self, most_bytes: int, size: Callable[[Answer], int]) -> None:
        self._answers: OrderedDict[Any, Answer] = OrderedDict()
        self._bytes = 0
        self._most_bytes = most_bytes
        self._size = size
        self._lock = Lock()

    def get(self, key: Any) -> Answer | None:
        """Return what was kept under a key, if it still is."""
        with self._lock:
            if key in self._answers:
                self._answers.move_to_end(key)
            return self._answers.get(key)

    def put(self, key: Any, answer: Answer) -> None:
        """Keep an answer, and let go of others if need be."""
        with self._lock:
            if key not in self._answers:
                self._answers[key] = answer
                self._bytes += self._size(answer)
            while self._bytes > self._most_bytes:
                self._bytes -= self._size(self._answers.popitem(last=False)[1])
