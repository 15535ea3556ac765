"""The service's API description, /api/openapi.json, with its errors and responses other than JSON.

A route declares its own error codes by `problems`. `describe` adds those common to all
such routes: invalid requests, missing login or rights, and internal errors.
"""

from functools import cache
from typing import Any, Final

from fastapi import FastAPI

from roadscan.serve.errors import PROBLEM, Problem, status_of_code

Answers = dict[int | str, dict[str, Any]]
"""The `responses` of a route."""
Described = dict[str, Any]
"""A part of the description: JSON as defined by OpenAPI."""
REFUSALS: Final = ("not_logged_in", "not_allowed", "csrf_token_wrong")
INVALID: Final = "request_invalid"
FAULT: Final = "internal"
_CONTENT: Final = {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}}
_OF_FASTAPI: Final = ("HTTPValidationError", "ValidationError")
"""Schemas of FastAPI's own validation errors, which `tell_errors` replaces."""


def problems(*codes: str) -> Answers:
    """Return the problem documents of some error codes, by status."""
    found: dict[int, list[str]] = {}
    for code in codes:
        found.setdefault(status_of_code(code), []).append(code)
    return {status: _problem(", ".join(same)) for status, same in found.items()}


def answered_with(media_type: str, status: int = 200) -> Answers:
    """Declare a response other than JSON; the route needs a `response_class` without one."""
    return {status: {"content": {media_type: {}}}}


def describe(app: FastAPI) -> None:
    """Add the errors that any route may return to the description of an app."""
    make = app.openapi

    @cache
    def openapi() -> Described:
        made = make()
        for path in made["paths"].values():
            for operation in path.values():
                _complete(operation)
        schemas = made["components"]["schemas"]
        for name in _OF_FASTAPI:
            schemas.pop(name, None)
        schemas["Problem"] = Problem.model_json_schema()
        return made

    app.openapi = openapi  # type: ignore[method-assign]  # as FastAPI's guide does it


def _complete(operation: Described) -> None:
    answers = operation["responses"]
    answers.pop("422", None)
    if "parameters" in operation or "requestBody" in operation:
        _add(answers, "400", INVALID)
    if "security" in operation:
        for status, refusal in problems(*REFUSALS).items():
            _add(answers, str(status), refusal["description"])
    _add(answers, "5XX", FAULT)
    operation["responses"] = dict(sorted(answers.items()))


def _add(answers: Described, status: str, codes: str) -> None:
    own = answers.get(status)
    answers[status] = _problem(codes if own is None else f"{own['description']}, {codes}")


def _problem(codes: str) -> Described:
    return {"description": codes, "content": _CONTENT}
