"""Request headers hold the declared credentials and nothing else."""

import pytest

from bff_core.client import Credentials, ServiceIdentity
from bff_core.client.call import request_headers, timeout_ms
from bff_core.context import Deadline
from bff_core.testing import CORRELATION_ID, FakeClock, a_context

ALWAYS = {"X-Correlation-ID": CORRELATION_ID, "Accept": "application/json"}
SERVICE = ServiceIdentity("bff-teacher-service", "internal-key")


@pytest.mark.parametrize(
    ("credentials", "told"),
    [
        (Credentials(), {}),
        (Credentials(user=True), {"X-User-ID": "teacher-1"}),
        (Credentials(token=True), {"Authorization": "Bearer a-verified-token"}),
        (
            Credentials(service=SERVICE),
            {"X-Internal-API-Key": "internal-key", "X-Service-ID": "bff-teacher-service"},
        ),
    ],
)
def test_only_the_asked_for_proof_goes_out(credentials: Credentials, told: dict[str, str]) -> None:
    assert request_headers(a_context(), credentials) == ALWAYS | told


def test_trace_is_passed_on() -> None:
    ctx = a_context(traceparent="00-a-b-01", tracestate="v=1")

    assert request_headers(ctx, Credentials()) == ALWAYS | {
        "traceparent": "00-a-b-01",
        "tracestate": "v=1",
    }


def test_tracestate_alone_means_nothing() -> None:
    assert request_headers(a_context(tracestate="v=1"), Credentials()) == ALWAYS


def test_time_left_shrinks_and_never_reaches_nothing() -> None:
    clock = FakeClock()
    deadline = Deadline.after(2.0, clock)

    told = [timeout_ms(deadline)]
    clock.advance(0.5)
    told.append(timeout_ms(deadline))
    clock.advance(60)
    told.append(timeout_ms(deadline))

    assert told == ["2000", "1500", "1"]
