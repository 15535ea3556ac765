import json

import pytest

from roadscan.errors import RoadscanError
from roadscan.model.access import Role
from roadscan.serve.backup import MANIFEST, backup, check, restore
from roadscan.serve.settings import ServeSettings
from roadscan.serve.town import open_town
from tests.store.sample_surveys import TOWN


@pytest.fixture
def town(tmp_path):
    """A town with a network, an account and a video, in use."""
    settings = ServeSettings(data=tmp_path / "town")
    with open_town(settings) as opened:
        opened.store.put_network(TOWN)
        opened.accounts.add("Ada", Role.ADMIN, None)
        video = settings.data / "files" / "ab" / ("ab" * 32)
        video.parent.mkdir(parents=True)
        video.write_bytes(b"video")
        yield settings


def test_what_was_backed_up_comes_back(town, tmp_path):
    backup(town, tmp_path / "copy", raw=True)
    again = ServeSettings(data=tmp_path / "again")
    restore(tmp_path / "copy", again)
    with open_town(again) as opened:
        assert opened.store.network(TOWN.sha256).source == TOWN.source
        assert [a.name for a in opened.accounts.all()] == ["Ada"]
    assert (again.data / "files" / "ab" / ("ab" * 32)).read_bytes() == b"video"


def test_a_backup_may_leave_out_raw_recordings(town, tmp_path):
    manifest = backup(town, tmp_path / "copy", raw=False)
    assert not [name for name in manifest.files if name.startswith("files/")]


def test_a_backup_never_overwrites_and_a_restore_needs_an_empty_folder(town, tmp_path):
    backup(town, tmp_path / "copy", raw=True)
    with pytest.raises(RoadscanError, match="output_not_writable"):
        backup(town, tmp_path / "copy", raw=True)
    with pytest.raises(RoadscanError, match="output_not_writable"):
        restore(tmp_path / "copy", town)


@pytest.mark.parametrize("spoil", ["cut", "gone", "no manifest", "elsewhere"])
def test_a_backup_that_is_not_whole_brings_nothing_back(town, tmp_path, spoil):
    backup(town, tmp_path / "copy", raw=True)
    database, manifest = tmp_path / "copy" / "roadscan.db", tmp_path / "copy" / MANIFEST
    if spoil == "cut":
        database.write_bytes(database.read_bytes()[:-1])
    elif spoil == "gone":
        database.unlink()
    elif spoil == "no manifest":
        manifest.unlink()
    else:
        told = json.loads(manifest.read_text())
        told["files"]["../town/roadscan.db"] = "0" * 64
        manifest.write_text(json.dumps(told))
    with pytest.raises(RoadscanError, match="backup_malformed"):
        restore(tmp_path / "copy", ServeSettings(data=tmp_path / "again"))
    assert not (tmp_path / "again").exists()


def test_a_whole_backup_passes_its_check(town, tmp_path):
    made = backup(town, tmp_path / "copy", raw=True)
    assert check(tmp_path / "copy") == made
