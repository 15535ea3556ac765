"""Changes the text of a model.toml, so that its comments and its order stay."""

import re
from typing import Final

INT8_TABLE: Final = "[class_confidence_int8]"


def without_table(text: str, head: str) -> str:
    """Return the text without a table of plain values, head and rows."""
    return re.sub(rf"(?m)^{re.escape(head)}\n(\w+ = .*\n)*\n?", "", text)
