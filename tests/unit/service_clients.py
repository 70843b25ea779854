"""Fixtures for tests of clients: one test per client method, without a socket."""

import re
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from bff_core.client import ServiceClient, ServiceIdentity, http_session
from bff_core.clock import SystemClock
from bff_core.context import RequestContext
from bff_core.settings import Downstream, Operation
from bff_core.testing import a_client_runtime, a_context
from tests.aioresponses_compat import MockedDownstream, ReceivedRequest, mocked_downstream

RULE = Operation(budget=2.0)
IDENTITY = ServiceIdentity("a_service", "an-internal-key")
SERVICE_KEY = {"X-Internal-API-Key": "an-internal-key", "X-Service-ID": "a_service"}
USER = "3c7f2f0e-5d3b-4a7e-9c1d-2b8f6a4e0d11"
ANY_URL = re.compile(r"http://downstream\.test/.*")

MakeClient = Callable[[], ServiceClient]


@pytest.fixture
def ctx() -> RequestContext:
    return a_context(USER, clock=SystemClock(), authorization="Bearer a-token")


@pytest.fixture
def downstream() -> Iterator[MockedDownstream]:
    with mocked_downstream() as mocked:
        yield mocked


@pytest.fixture
async def client() -> AsyncIterator[ServiceClient]:
    settings = Downstream(name="downstream", url="http://downstream.test")
    async with http_session() as session:
        client = ServiceClient(session, settings, a_client_runtime())
        yield client
        await client.aclose()


def the_request(downstream: MockedDownstream) -> ReceivedRequest:
    [received] = downstream.received
    return received


def credentials_in(received: ReceivedRequest) -> dict[str, Any]:
    """The headers that prove something."""
    names = ("X-User-ID", "X-Internal-API-Key", "X-Service-ID", "Authorization")
    return {name: received.headers[name] for name in names if name in received.headers}
