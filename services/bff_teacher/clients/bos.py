"""The batch orchestrator: it gives the phases of any batch to any caller.

Callers check the owner first; an answer that names another owner is refused all the same.
"""

import msgspec

from bff_core.client import Absence, Credentials, JsonDecoder, ServiceClient
from bff_core.composition import Fetched
from bff_core.context import RequestContext
from bff_core.errors import DownstreamFailed
from bff_core.settings import Operation
from services.bff_teacher.contracts.bos import PipelineState, Refusal
from services.bff_teacher.ownership import is_same_user
from services.bff_teacher.ports import OTHER_OWNER


def _is_own_refusal(body: bytes) -> bool:
    """False for a router's page: there is no such route under this address."""
    try:
        msgspec.json.decode(body, type=Refusal)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return True


class HttpPipelines:
    def __init__(self, bos: ServiceClient, *, pipeline_state: Operation) -> None:
        self._state = bos.endpoint(
            "pipeline_state",
            pipeline_state,
            JsonDecoder(PipelineState),
            credentials=Credentials(),
            absence=Absence(frozenset({404}), _is_own_refusal),
            subjects=lambda state: [state.batch_id],
        )

    async def of_batch(
        self, ctx: RequestContext, batch_id: str, *, max_age: float | None = None
    ) -> Fetched[PipelineState | None]:
        path = ("internal", "v1", "batches", batch_id, "pipeline-state")
        found = await self._state.find(ctx, path, max_age=max_age)
        state = found.value
        if state and state.user_id is not None and not is_same_user(state.user_id, ctx.user_id):
            raise DownstreamFailed("bos", reason=OTHER_OWNER)
        return found
