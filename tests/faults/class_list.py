"""A client of one endpoint, and the errors of its calls."""

from typing import Any

import msgspec
import pytest

from bff_core.client import Credentials, Endpoint, JsonDecoder, ServiceClient
from bff_core.clock import SystemClock
from bff_core.errors import DownstreamError
from bff_core.settings import Operation
from bff_core.testing import a_context

WHISPER = b"stack trace of a stranger"


class Page(msgspec.Struct):
    total: int


def endpoint(
    client: ServiceClient,
    *,
    budget: float = 2.0,
    max_bytes: int = 1024,
    credentials: Credentials | None = None,
) -> Endpoint[Page]:
    rule = Operation(budget=budget, max_bytes=max_bytes)
    return client.endpoint(
        "list", rule, JsonDecoder(Page), credentials=credentials or Credentials(user=True)
    )


async def failure(client: ServiceClient, **options: Any) -> DownstreamError:
    """The error of one call; it must hold no text of the response."""
    ctx = a_context(clock=SystemClock())
    with pytest.raises(DownstreamError) as raised:
        await endpoint(client, **options).get(ctx, ["v1", "classes"])
    said = f"{raised.value}{raised.value.details}{raised.value.fields}"
    assert "stranger" not in said
    return raised.value
