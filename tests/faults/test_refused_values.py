"""A value that a library refuses when it is used is a failure of the service that it is for."""

from collections.abc import Awaitable, Callable

import pytest

from bff_core.auth import AdminAccess
from bff_core.client import document_at, http_session
from bff_core.context import ServiceId
from bff_core.errors import BffError, DownstreamError, Unavailable
from bff_core.observability import Metrics
from bff_core.settings import Downstream
from bff_core.testing import FakeClock
from services.gateway.implementations.forwarding import Forwarder, ForwardRequest

HOST = "http://a..b:4101"
"""Settings refuse it; the resolver raises a ValueError."""


async def forward() -> None:
    downstream = Downstream.model_construct(name="bff", url=HOST)
    request = ForwardRequest("dashboard", "GET", "/v1/x", "", [], None, timeout=5.0)
    async with http_session() as session:
        await Forwarder(session, downstream, Metrics("gateway")).send(request)


async def ask_for_admin() -> None:
    access = AdminAccess(HOST, "key", ServiceId("bff"), FakeClock())
    await access.require_admin("Bearer x")


async def fetch_document() -> None:
    await document_at(HOST)()


@pytest.mark.parametrize(
    ("use", "expected"),
    [
        (forward, DownstreamError),
        (ask_for_admin, Unavailable),
        (fetch_document, DownstreamError),
    ],
)
async def test_a_host_name_that_the_resolver_refuses_is_a_failure_of_the_service(
    use: Callable[[], Awaitable[None]], expected: type[BffError]
) -> None:
    with pytest.raises(expected):
        await use()
