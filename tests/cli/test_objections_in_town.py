import json

import pytest

from roadscan.cli.app import exit_code
from roadscan.serve.settings import ServeSettings
from roadscan.serve.town import open_town
from tests.databases import address_on

CORNERS = [[13.0, 51.0], [13.001, 51.0], [13.001, 51.001], [13.0, 51.001], [13.0, 51.0]]


@pytest.fixture
def areas(tmp_path):
    path = tmp_path / "areas.geojson"
    area = {"type": "Polygon", "coordinates": [CORNERS]}
    feature = {"type": "Feature", "properties": {}, "geometry": area}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    return path


@pytest.mark.both_databases
def test_a_town_keeps_an_area_once_and_on_the_record(database, tmp_path, areas, capsys):
    command = ["objections", str(areas), "--data", str(tmp_path)]
    with (
        address_on(database) as address,
        open_town(ServeSettings(data=tmp_path, database=address)) as town,
    ):
        for _ in range(2):
            assert exit_code([*command, "--database", address]) == 0
        told = capsys.readouterr().out.splitlines()
        assert [line.split(";")[0] for line in told] == ["1 new areas of 1", "0 new areas of 1"]
        assert len(town.store.pictures.objections()) == 1
        (line,) = town.accounts.audit_log(10)
        assert (line.who, line.action) == ("roadscan objections", "objections")


def test_the_command_takes_a_town_or_results_not_both_nor_none(tmp_path, areas, capsys):
    both = ["--out", str(tmp_path / "a"), "--data", str(tmp_path / "b")]
    for given in ([], both):
        assert exit_code(["objections", str(areas), *given]) == 2
        assert "option_invalid" in capsys.readouterr().err


def test_no_town_is_made_by_objecting(tmp_path, areas, capsys):
    assert exit_code(["objections", str(areas), "--data", str(tmp_path / "none")]) == 3
    assert "file_missing" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()
