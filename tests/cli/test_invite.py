import time

from roadscan.cli.app import exit_code
from roadscan.model.access import Role
from roadscan.store.sqlite import share_store
from roadscan.store.town.accounts import Accounts


def test_a_link_makes_one_account_of_the_role_and_is_on_the_record(tmp_path, capsys):
    with share_store(tmp_path) as store:
        line = [
            "invite",
            "--data",
            str(tmp_path),
            "--role",
            "admin",
            "--server",
            "https://a.example/",
        ]
        assert exit_code(line) == 0
        address, token = capsys.readouterr().out.strip().split("#")
        accounts = Accounts(store.engine, time.time)
        said = accounts.audit_log(1)[0]
        assert address == "https://a.example/welcome"
        assert (said.who, said.action, said.subject) == ("roadscan invite", "invited", "admin")
        assert accounts.accept(token, "Ada", "hash").role is Role.ADMIN


def test_no_town_is_made_by_inviting(tmp_path, capsys):
    assert exit_code(["invite", "--data", str(tmp_path)]) == 3
    assert "file_missing" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
