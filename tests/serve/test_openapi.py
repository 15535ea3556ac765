"""The whole description of the service, asked by schemathesis: what it makes up is never a fault.

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
from schemathesis.checks import not_a_server_error

from roadscan.model.access import Role
from roadscan.serve.app import create_app

CASES = int(os.environ.get("ROADSCAN_SCHEMATHESIS_CASES", "120"))
NEVER_ENDS = "/events"
"""A stream that is open as long as its job: schemathesis would wait for its end."""


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_nothing_made_from_the_description_is_a_fault(store, settings, key_of, mode):
    description = schemathesis.openapi.from_asgi("/api/openapi.json", create_app(settings, store))
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
            answer = case.call(headers=headers)
            case.validate_response(answer, checks=[not_a_server_error])

        with suppress(Unsatisfiable):  # nothing can be wrong about what takes nothing
            check()
    print(f"{mode.value}: {sum(seen.values())} cases of {len(operations)} operations")
    assert len(seen) >= 15
