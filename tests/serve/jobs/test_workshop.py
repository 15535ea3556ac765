import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from roadscan.detect.people import ModelHangsError
from roadscan.serve.jobs import workshop
from roadscan.serve.jobs.workshop import HANGS, Workshop


class Ended(BaseException):
    pass


def test_a_worker_whose_network_hangs_ends_so_that_another_goes_on_with_the_drive(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def hangs(*_: object) -> Iterator[None]:
        raise ModelHangsError("privacy has not answered for 240 s")
        yield

    def end(status: int) -> None:
        raise Ended(status)

    monkeypatch.setattr(workshop, "work_chunks", hangs)
    monkeypatch.setattr(workshop, "_tool_names", lambda _: ())
    monkeypatch.setattr(workshop, "replace", lambda rules, **_: rules)
    monkeypatch.setattr(os, "_exit", end)
    store = SimpleNamespace(pictures=SimpleNamespace(objections=lambda: None))
    own = Workshop(store, None, None, Path, tmp_path, 0.0)
    own._tools = lambda: SimpleNamespace(detector=None, network=None, scheme=None, pictures=None)
    own._prepared = lambda _: None
    with pytest.raises(Ended) as ended:
        own.work_chunk(None, 0)
    assert ended.value.args == (HANGS,)
    assert "has not answered" in capsys.readouterr().err
