"""Requests to the batch orchestrator: URL, credentials, decoding and errors."""

from typing import Any

import pytest

from bff_core.client import ServiceClient
from bff_core.context import RequestContext
from bff_core.errors import DownstreamFailed, DownstreamRefused
from services.bff_teacher.clients.bos import HttpPipelines
from tests.aioresponses_compat import MockedDownstream
from tests.unit.service_clients import ANY_URL, RULE, USER, credentials_in, the_request

PHASE = {
    "status": "dispatch_initiated",
    "essay_counts": {"total": 0, "successful": 0},
    "started_at": None,
    "completed_at": "2026-01-31T09:07:24Z",
    "error_info": None,
    "progress_percentage": None,
}
STATE = {
    "batch_id": "b-1",
    "pipeline_state": {
        "batch_id": "b-1",
        "requested_pipelines": ["spellcheck"],
        "spellcheck": PHASE,
        "nlp": None,
        "last_updated": "2026-01-31T09:07:24Z",
    },
    "user_id": USER,
}


@pytest.fixture
def pipelines(client: ServiceClient) -> HttpPipelines:
    return HttpPipelines(client, pipeline_state=RULE)


async def test_phases_of_a_batch(
    pipelines: HttpPipelines, ctx: RequestContext, downstream: MockedDownstream
) -> None:
    downstream.get(ANY_URL, payload=STATE)

    found = await pipelines.of_batch(ctx, "b-1")

    assert the_request(downstream).line == "GET /internal/v1/batches/b-1/pipeline-state"
    assert credentials_in(the_request(downstream)) == {}
    assert found.value is not None
    states = found.value.pipeline_state
    assert states.requested_pipelines == ("spellcheck",)
    assert states.spellcheck is not None
    assert states.spellcheck.status == "dispatch_initiated"
    assert (states.nlp, states.cj_assessment) == (None, None)


async def test_batch_that_the_orchestrator_does_not_know(
    pipelines: HttpPipelines, ctx: RequestContext, downstream: MockedDownstream
) -> None:
    refusal = {"error": "Pipeline state not found for batch"}
    downstream.get(ANY_URL, status=404, payload=refusal)

    assert (await pipelines.of_batch(ctx, "b-1")).value is None


@pytest.mark.parametrize("body", ["<h1>Not Found</h1>", "[]", '{"detail": "Not Found"}', ""])
async def test_a_404_of_something_else_proves_nothing(
    pipelines: HttpPipelines, ctx: RequestContext, downstream: MockedDownstream, body: str
) -> None:
    downstream.get(ANY_URL, status=404, body=body)

    with pytest.raises(DownstreamRefused):
        await pipelines.of_batch(ctx, "b-1")


@pytest.mark.parametrize(
    "lie",
    [
        {"user_id": "erik-1"},
        {"batch_id": "b-2"},
        {"pipeline_state": {}},
        {"pipeline_state": {"requested_pipelines": [], "nlp": {"status": "running"}}},
    ],
    ids=["owner", "batch", "nothing", "word"],
)
async def test_an_answer_that_cannot_be_believed_is_none(
    pipelines: HttpPipelines,
    ctx: RequestContext,
    downstream: MockedDownstream,
    lie: dict[str, Any],
) -> None:
    downstream.get(ANY_URL, payload=STATE | lie, repeat=True)

    with pytest.raises(DownstreamFailed):
        await pipelines.of_batch(ctx, "b-1")
