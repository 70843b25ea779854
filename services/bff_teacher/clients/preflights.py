"""The batch orchestrator, continued: a start is judged before it is sent. Any caller may ask."""

import msgspec

from bff_core.client import Credentials, JsonDecoder, ServiceClient
from bff_core.context import RequestContext
from bff_core.errors import DownstreamFailed
from bff_core.settings import Operation
from services.bff_teacher.contracts.bos import Preflight, PreflightFailure
from services.bff_teacher.ports.workflow import NoInstructions

DENIED = frozenset({402, 429})
FAILED = 500


class HttpPreflights:
    def __init__(self, bos: ServiceClient, *, preflight: Operation) -> None:
        self._preflight = bos.endpoint(
            "preflight",
            preflight,
            JsonDecoder(Preflight),
            credentials=Credentials(),
            statuses=DENIED | {FAILED},
        )

    async def of_batch(self, ctx: RequestContext, batch_id: str, pipeline: str) -> Preflight:
        path = ("internal", "v1", "batches", batch_id, "pipelines", pipeline, "preflight")
        answer = await self._preflight.request(ctx, "POST", path, body=b"{}")
        if answer.status == FAILED:
            raise _failure(answer.body)
        if answer.status not in DENIED:
            found: Preflight = answer.value
            return found
        try:
            return msgspec.json.decode(answer.body, type=Preflight)
        except msgspec.DecodeError as error:
            raise DownstreamFailed("bos", reason="body", upstream_status=answer.status) from error


def _failure(body: bytes) -> DownstreamFailed:
    try:
        failure = msgspec.json.decode(body, type=PreflightFailure)
    except msgspec.DecodeError:
        failure = PreflightFailure("")
    if failure.lacks_instructions:
        return NoInstructions("bos", upstream_status=FAILED, spoke_json=True)
    return DownstreamFailed("bos", reason="preflight", upstream_status=FAILED)
