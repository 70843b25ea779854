"""Preflights and commands: URL, credentials, bodies, and what each answer proves."""

from typing import Any

import msgspec
import pytest

from bff_core.client import ServiceClient
from bff_core.context import RequestContext
from bff_core.errors import DownstreamError, DownstreamFailed, DownstreamRefused
from services.bff_teacher.clients.pipeline_commands import HttpPipelineCommands
from services.bff_teacher.clients.preflights import HttpPreflights
from services.bff_teacher.ports.workflow import NoInstructions, StartRefused
from tests.aioresponses_compat import MockedDownstream
from tests.unit.service_clients import ANY_URL, RULE, USER, credentials_in, the_request

PREFLIGHT = {
    "allowed": True,
    "batch_id": "b-1",
    "requested_pipeline": "cj_assessment",
    "resolved_pipeline": ["spellcheck", "cj_assessment"],
    "required_credits": 300,
    "available_credits": 847,
    "resource_breakdown": {"cj_comparison": 300, "ai_feedback_generation": 0},
    "correlation_id": "c",
}
DENIED = PREFLIGHT | {"allowed": False, "denial_reason": "insufficient_credits"}
ACCEPTED = {"status": "accepted", "message": "m", "batch_id": "b-1", "correlation_id": "c"}
ENVELOPE = {"error": {"code": "KAFKA_PUBLISH_ERROR", "message": "m", "details": {}}}
FAILED = {"error": "Preflight evaluation failed", "details": "BCS is down"}


@pytest.fixture
def preflights(client: ServiceClient) -> HttpPreflights:
    return HttpPreflights(client, preflight=RULE)


@pytest.fixture
def commands(client: ServiceClient) -> HttpPipelineCommands:
    return HttpPipelineCommands(client, client, start=RULE, retry=RULE)


async def test_a_preflight(
    preflights: HttpPreflights, ctx: RequestContext, downstream: MockedDownstream
) -> None:
    downstream.post(ANY_URL, payload=PREFLIGHT)

    found = await preflights.of_batch(ctx, "b-1", "cj_assessment")

    line = "POST /internal/v1/batches/b-1/pipelines/cj_assessment/preflight"
    assert the_request(downstream).line == line
    assert credentials_in(the_request(downstream)) == {}
    assert (found.allowed, found.required_credits, found.resolved_pipeline) == (
        True,
        300,
        ("spellcheck", "cj_assessment"),
    )


@pytest.mark.parametrize("status", [402, 429])
async def test_a_denial_is_an_answer(
    preflights: HttpPreflights, ctx: RequestContext, downstream: MockedDownstream, status: int
) -> None:
    downstream.post(ANY_URL, status=status, payload=DENIED)

    found = await preflights.of_batch(ctx, "b-1", "cj_assessment")

    assert (found.allowed, found.denial_reason) == (False, "insufficient_credits")


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (500, FAILED, DownstreamFailed),
        (
            500,
            FAILED | {"details": "… requested without prompt attachment."},
            NoInstructions,
        ),
        (500, [], DownstreamFailed),
        (402, {"error": "Payment Required"}, DownstreamFailed),
        (429, {"error": "Rate limit exceeded"}, DownstreamFailed),
        (404, {"error": "Batch not found", "batch_id": "b-1"}, DownstreamRefused),
        (200, PREFLIGHT | {"allowed": "yes"}, DownstreamFailed),
        (502, {}, DownstreamFailed),
    ],
)
async def test_what_is_no_word_on_a_start_fails(
    preflights: HttpPreflights,
    ctx: RequestContext,
    downstream: MockedDownstream,
    *,
    status: int,
    body: Any,
    error: type[DownstreamError],
) -> None:
    downstream.post(ANY_URL, status=status, payload=body)

    with pytest.raises(DownstreamError) as caught:
        await preflights.of_batch(ctx, "b-1", "cj_assessment")

    assert type(caught.value) is error


@pytest.mark.parametrize(
    ("reason", "body"),
    [
        (None, {"requested_pipeline": "nlp"}),
        ("Föll", {"requested_pipeline": "nlp", "is_retry": True, "retry_reason": "Föll"}),
    ],
)
async def test_a_start_is_the_teacher_s(
    commands: HttpPipelineCommands,
    ctx: RequestContext,
    downstream: MockedDownstream,
    reason: str | None,
    body: Any,
) -> None:
    downstream.post(ANY_URL, status=202, payload=ACCEPTED)

    await commands.start(ctx, "b-1", "nlp", reason)

    assert the_request(downstream).line == "POST /v1/batches/b-1/pipelines"
    assert credentials_in(the_request(downstream)) == {"Authorization": "Bearer a-token"}
    assert msgspec.json.decode(the_request(downstream).body or b"") == body


@pytest.mark.parametrize(
    ("status", "body", "error", "is_sent"),
    [
        (402, DENIED, StartRefused, True),
        (429, DENIED, StartRefused, True),
        # The gateway's own limit of requests.
        (429, {"error": "Rate limit exceeded: 20 per 1 minute"}, DownstreamRefused, True),
        (503, FAILED, DownstreamError, False),
        (503, ENVELOPE, DownstreamFailed, True),
        (503, [], DownstreamFailed, True),
        (404, {"batch_id": "b-1", "error": "Batch not found"}, DownstreamRefused, True),
        (422, {"error": {"code": "VALIDATION_ERROR"}}, DownstreamRefused, True),
        (500, {}, DownstreamFailed, True),
        (202, {"status": "queued"}, DownstreamFailed, True),
    ],
)
async def test_what_an_answer_proves_of_a_start(
    commands: HttpPipelineCommands,
    ctx: RequestContext,
    downstream: MockedDownstream,
    *,
    status: int,
    body: Any,
    error: type[DownstreamError],
    is_sent: bool,
) -> None:
    downstream.post(ANY_URL, status=status, payload=body)

    with pytest.raises(error) as caught:
        await commands.start(ctx, "b-1", "cj_assessment", None)

    assert caught.value.sent == is_sent
    assert isinstance(caught.value, DownstreamRefused) == issubclass(error, DownstreamRefused)


async def test_another_run_of_a_phase(
    commands: HttpPipelineCommands, ctx: RequestContext, downstream: MockedDownstream
) -> None:
    answer = {"status": "retry_initiated", "batch_id": "b-1", "phase": "nlp", "message": "m"}
    downstream.post(ANY_URL, payload=answer)

    await commands.retry_phase(ctx, "b-1", "nlp", "Föll")

    assert the_request(downstream).line == "POST /v1/batches/b-1/retry-phase"
    assert credentials_in(the_request(downstream)) == {}
    assert msgspec.json.decode(the_request(downstream).body or b"") == {
        "phase_name": "nlp",
        "user_id": USER,
        "retry_reason": "Föll",
    }
