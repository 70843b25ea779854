import pytest

from bff_core.client import DownstreamResponse
from bff_core.errors import (
    CircuitOpen,
    DownstreamError,
    DownstreamFailed,
    DownstreamRefused,
    DownstreamSaturated,
    DownstreamTimeout,
    DownstreamUnreachable,
)
from services.bff_admin.clients.responses import mark_unknown_outcome

UNKNOWN = [
    DownstreamTimeout("config_service", reason="deadline"),
    DownstreamUnreachable("config_service", reason="ServerDisconnectedError"),
    DownstreamFailed("config_service", reason="status", upstream_status=500),
    DownstreamFailed("config_service", reason="Undecodable"),
]
NOT_DONE = [
    CircuitOpen("config_service", sent=False),
    DownstreamSaturated("config_service", sent=False),
    DownstreamRefused("config_service", upstream_status=401, spoke_json=True),
    DownstreamUnreachable("config_service", sent=False),
    DownstreamTimeout("config_service", reason="no_time_to_wait", sent=False),
]


async def failing(error: DownstreamError) -> DownstreamResponse:
    raise error


@pytest.mark.parametrize(
    "error", UNKNOWN, ids=lambda error: f"{type(error).__name__} {error.reason}"
)
async def test_what_may_have_been_done_is_said_to_be_unknown(error: DownstreamError) -> None:
    with pytest.raises(DownstreamError) as raised:
        await mark_unknown_outcome(failing(error))

    assert raised.value.details == {"service": "config_service", "outcome": "unknown"}


@pytest.mark.parametrize("error", NOT_DONE, ids=lambda error: f"{type(error).__name__}")
async def test_what_was_never_done_is_not(error: DownstreamError) -> None:
    with pytest.raises(DownstreamError) as raised:
        await mark_unknown_outcome(failing(error))

    assert raised.value.details == {"service": "config_service"}
