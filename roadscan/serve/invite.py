"""Invites somebody from the command line of the machine that holds the town."""

import time

from roadscan.model.access import Role
from roadscan.serve.settings import ServeSettings
from roadscan.serve.town import need_town, open_town
from roadscan.store.town.accounts import Accounts


def invite(settings: ServeSettings, role: Role, lasts_s: float) -> str:
    """Return the token of an invitation, and put it on record; raises what opening it raises."""
    need_town(settings)
    with open_town(settings) as store:
        accounts = Accounts(store.engine, time.time)
        token = accounts.invite(role, lasts_s)
        accounts.record("roadscan invite", "invited", role.value)
    return token
