"""The whole description of the service, asked by schemathesis: what is answered is what it says.

ROADSCAN_SCHEMATHESIS_CASES makes it a long run.
"""

import os
from collections import Counter
from contextlib import suppress

import pytest
import schemathesis
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import positive_data_acceptance

from roadscan.model.access import Role
from roadscan.serve.app import create_app
from roadscan.serve.town import Town
from roadscan.serve.uploads.tus_protocol import CHUNK_TYPE

CASES = int(os.environ.get("ROADSCAN_SCHEMATHESIS_CASES", "120"))
NEVER_ENDS = "/events"
"""A stream that is open as long as its job: schemathesis would wait for its end."""
NOT_SAID = [positive_data_acceptance]
"""A description cannot say which surveys, files and jobs there are, nor which password is weak."""
REFUSED = ["400", "401", "403", "404", "409", "412", "415"]
"""How what does not fit the description is answered: 412 is tus' word for its version."""


@schemathesis.serializer(CHUNK_TYPE)
def piece(_, value):
    return {"data": value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")}


@pytest.mark.both_databases
@pytest.mark.parametrize("mode", list(GenerationMode))
def test_what_is_answered_is_what_the_description_says(store, settings, key_of, mode):
    checks = {"negative_data_rejection": {"expected-statuses": REFUSED}}
    description = schemathesis.openapi.from_asgi(
        "/api/openapi.json",
        create_app(Town(settings, store)),
        config=SchemathesisConfig.from_dict({"checks": checks}),
    )
    operations = [
        found.ok()
        for found in description.get_all_operations()
        if not found.ok().path.endswith(NEVER_ENDS)
    ]
    each = max(1, round(CASES / len(operations)))
    headers, seen = key_of(Role.ADMIN), Counter()
    for operation in operations:

        @examples(
            max_examples=each,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(operation.as_strategy(generation_mode=mode))
        def check(case):
            seen[case.path] += 1
            case.call_and_validate(headers=headers, excluded_checks=NOT_SAID)

        with suppress(Unsatisfiable):  # nothing can be wrong about what takes nothing
            check()
    print(f"{mode.value}: {sum(seen.values())} cases of {len(operations)} operations")
    assert len(seen) >= 15
