"""Fuzzed requests to the config service: no 5xx, and only documented responses."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
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

from tests.config_service_kit import SERVICE_HEADERS, as_admin, sqlite_url
from tests.faults.config_service_process import ServiceProcess, serving

EXAMPLES = 8
PROMISES = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceProcess]:
    folder: Path = tmp_path_factory.mktemp("config")
    with serving(folder, sqlite_url(folder)) as process:
        yield process


@pytest.fixture(scope="module")
def document(service: ServiceProcess) -> Any:
    return schemathesis.openapi.from_url(f"{service.url}/openapi.json")


@pytest.mark.fuzz
@pytest.mark.parametrize("mode", list(GenerationMode))
def test_every_answer_is_documented(
    service: ServiceProcess, document: Any, mode: GenerationMode
) -> None:
    operations = [result.ok() for result in document.get_all_operations()]
    assert len(operations) >= 12

    for operation in operations:
        try_out(operation.as_strategy(generation_mode=mode).map(aimed_at(service.url)))


def aimed_at(url: str) -> Callable[[schemathesis.Case[Any]], schemathesis.Case[Any]]:
    """Point requests at an existing namespace and its current version, which chance never hits."""

    def aim(case: schemathesis.Case[Any]) -> schemathesis.Case[Any]:
        if "namespace" in case.path_parameters:
            case.path_parameters["namespace"] = "uploads"
        if case.method in {"PUT", "POST"}:
            current = httpx.get(f"{url}/v1/settings/uploads", headers=SERVICE_HEADERS, timeout=10)
            case.headers["If-Match"] = current.headers["ETag"]
        return case

    return aim


def try_out(cases: SearchStrategy[schemathesis.Case[Any]]) -> None:
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases)
    def ask(case: schemathesis.Case[Any]) -> None:
        case.call_and_validate(headers=as_admin(), checks=PROMISES, timeout=10.0)

    # An operation that takes nothing cannot be asked wrongly.
    with contextlib.suppress(Unsatisfiable):
        ask()
