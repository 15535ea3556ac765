"""A step outlasts a database that is away, and nothing else."""

import sqlite3

import pytest
from sqlalchemy.exc import OperationalError

from roadscan.errors import RoadscanError
from roadscan.serve.jobs.steps import AWAY_S, outlasting


def away(*_):
    raise OperationalError("x", {}, sqlite3.OperationalError("server closed the connection"))


def busy(*_):
    raise RoadscanError("store_busy", "another process is writing", "Try again")


@pytest.mark.parametrize("fails", [away, busy])
def test_a_database_that_is_away_for_a_while_fails_no_step(fails):
    slept = []

    def body():
        return fails() if sum(slept) < 8.0 else "done"

    assert outlasting(body, slept.append) == "done"
    assert slept == sorted(slept)  # longer each time


def test_a_database_that_stays_away_does():
    slept = []
    with pytest.raises(OperationalError):
        outlasting(away, slept.append)
    assert sum(slept) >= AWAY_S


@pytest.mark.parametrize(
    "error", [ValueError("x"), RoadscanError("track_missing", "none", "Send it"),
              RoadscanError("output_disk_full", "full", "Make room")]
)  # fmt: skip
def test_other_errors_are_raised_at_once(error):
    def body():
        raise error

    with pytest.raises(type(error)):
        outlasting(body, lambda _: pytest.fail("it waited"))
