import pytest

from roadscan.store.town.networks import NetworkVersions
from tests.databases import DATABASES, open_on


@pytest.fixture(params=DATABASES)
def store(request, tmp_path):
    with open_on(request.param, tmp_path) as opened:
        yield opened


def test_the_newest_version_comes_first(store):
    now_s = [1000.0]
    networks = NetworkVersions(store.engine, lambda: now_s[0])
    assert networks.all() == ()
    networks.put_in_force("1" * 64, "old", "Ada")
    now_s[0] = 900.0  # numbers decide, not a clock that was set back
    networks.put_in_force("2" * 64, "new", "Bob")
    newest, first = networks.all()
    assert (newest.name, newest.put_by, newest.at_s) == ("new", "Bob", 900.0)
    assert first.name == "old"
    assert newest.number > first.number
