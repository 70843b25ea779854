"""Registration of batches through the platform's gateway, which takes the user from the token."""

import msgspec

from bff_core.client import Credentials, JsonDecoder, ServiceClient
from bff_core.context import RequestContext
from bff_core.errors import DownstreamFailed, DownstreamUnreachable
from bff_core.inputs import is_uuid
from bff_core.settings import Operation
from services.bff_teacher.contracts.platform_gateway import (
    NOT_FORWARDED,
    FailureEnvelope,
    Registered,
    Registration,
)

INTERNAL_ERROR = 500


class HttpRegistrations:
    def __init__(self, gateway: ServiceClient, *, register: Operation) -> None:
        self._register = gateway.endpoint(
            "register_batch",
            register,
            JsonDecoder(Registered),
            credentials=Credentials(token=True),
            statuses=frozenset({INTERNAL_ERROR}),
        )

    async def register(self, ctx: RequestContext, registration: Registration) -> str:
        body = msgspec.json.encode(registration)
        answer = await self._register.request(ctx, "POST", ("v1", "batches", "register"), body=body)
        if answer.status == INTERNAL_ERROR:
            raise _failure(answer.body)
        batch_id: str = answer.value.batch_id
        if not is_uuid(batch_id):
            raise DownstreamFailed("platform_gateway", reason="batch_id")
        return batch_id


def _failure(body: bytes) -> DownstreamFailed | DownstreamUnreachable:
    """Not sent, if the gateway names an error that comes before the first byte to BOS."""
    try:
        error_type = msgspec.json.decode(body, type=FailureEnvelope).error.details.error_type
    except msgspec.DecodeError:
        error_type = None
    if error_type in NOT_FORWARDED:
        return DownstreamUnreachable(
            "platform_gateway", reason="not_forwarded", retry_after=1.0, sent=False
        )
    return DownstreamFailed("platform_gateway", reason="status", upstream_status=INTERNAL_ERROR)
