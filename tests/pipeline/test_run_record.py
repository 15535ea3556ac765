"""run.json: there whole or not at all; and the time that stages take."""

from pathlib import Path

import pytest

from roadscan.pipeline.run_record import Stopwatch, write_atomically


def test_a_file_is_there_whole_or_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "run.json"
    write_atomically(path, "first")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("roadscan.pipeline.run_record.os.replace", full)
    with pytest.raises(OSError, match="space"):
        write_atomically(path, "second")
    assert path.read_text() == "first"


def test_stages_add_up_and_count_even_where_they_fail() -> None:
    watch = Stopwatch()
    for _ in range(2):
        with watch.stage("decode"):
            pass
    with pytest.raises(ValueError, match="no"), watch.stage("store"):
        raise ValueError("no")
    assert set(watch.seconds) == {"decode", "store"}
    assert 0.0 <= sum(watch.seconds.values()) <= watch.total_s()
