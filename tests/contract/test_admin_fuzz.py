"""Fuzzed requests to the admin BFF: no 5xx, and only documented responses."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from hypothesis.strategies import SearchStrategy
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from devstack.seed.people import PENDING
from tests.faults.admin.processes import AdminStack, admin_stack

EXAMPLES = 6
PROMISES = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AdminStack]:
    with admin_stack(tmp_path_factory.mktemp("admin")) as stack:
        yield stack


@pytest.mark.fuzz
@pytest.mark.parametrize("mode", list(GenerationMode))
def test_every_answer_is_documented(stack: AdminStack, mode: GenerationMode) -> None:
    document = schemathesis.openapi.from_url(f"{stack.bff.url}/openapi.json")
    found = [result.ok() for result in document.get_all_operations()]  # type: ignore[union-attr]  # an Err fails
    operations = [one for one in found if not one.path.startswith("/bff/")]
    assert len(operations) >= 15

    for operation in operations:
        try_out(stack, operation.as_strategy(generation_mode=mode).map(aimed_at(stack)))


def aimed_at(stack: AdminStack) -> Callable[[schemathesis.Case[Any]], schemathesis.Case[Any]]:
    """Point requests at an existing namespace or account, which chance never hits."""

    def aim(case: schemathesis.Case[Any]) -> schemathesis.Case[Any]:
        if "user_id" in case.path_parameters:
            case.path_parameters["user_id"] = PENDING[0].user_id
        if "namespace" in case.path_parameters:
            case.path_parameters["namespace"] = "uploads"
            if case.method in {"PUT", "POST"}:
                url = f"{stack.bff.url}/v1/admin/settings/uploads"
                current = httpx.get(url, headers=stack.headers(), timeout=10)
                case.headers["If-Match"] = current.headers["ETag"]
        return case

    return aim


def try_out(stack: AdminStack, cases: SearchStrategy[Any]) -> None:
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases)
    def ask(case: schemathesis.Case[Any]) -> None:
        case.call_and_validate(headers=stack.headers(), checks=PROMISES, timeout=10.0)

    # An operation that takes nothing cannot be asked wrongly.
    with contextlib.suppress(Unsatisfiable):
        ask()
