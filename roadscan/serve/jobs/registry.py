"""The kinds of jobs, in the order in which a drive passes them, then those of the whole town."""

from typing import Any, Final

from roadscan.serve.jobs.kind import JobKind
from roadscan.serve.jobs.kinds import (
    backup,
    check,
    drive,
    export,
    network,
    purge,
    rematch,
    rescore,
    score,
)

_ALL: Final[tuple[JobKind[Any], ...]] = (
    network.KIND,
    check.KIND,
    drive.KIND,
    score.KIND,
    rescore.KIND,
    rematch.KIND,
    purge.KIND,
    backup.KIND,
    export.KIND,
)
KINDS: Final = {kind.name: kind for kind in _ALL}
