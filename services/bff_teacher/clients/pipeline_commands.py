"""Commands to the platform: a start through its gateway, another run of a phase at BOS."""

import msgspec

from bff_core.client import Credentials, DownstreamResponse, JsonDecoder, ServiceClient
from bff_core.context import RequestContext
from bff_core.errors import DownstreamFailed, DownstreamRefused, DownstreamUnreachable
from bff_core.settings import Operation
from services.bff_teacher.contracts.bos import RetryAnswer, RetryBody
from services.bff_teacher.contracts.platform_gateway import (
    PreflightFailed,
    StartAccepted,
    StartBody,
    StartDenied,
)
from services.bff_teacher.ports.workflow import StartRefused

DENIED = frozenset({402, 429})
UNAVAILABLE = 503


class HttpPipelineCommands:
    def __init__(
        self, gateway: ServiceClient, bos: ServiceClient, *, start: Operation, retry: Operation
    ) -> None:
        self._start = gateway.endpoint(
            "start_pipeline",
            start,
            JsonDecoder(StartAccepted),
            credentials=Credentials(token=True),
            statuses=DENIED | {UNAVAILABLE},
        )
        self._retry = bos.endpoint(
            "retry_phase", retry, JsonDecoder(RetryAnswer), credentials=Credentials()
        )

    async def start(
        self, ctx: RequestContext, batch_id: str, pipeline: str, retry_reason: str | None
    ) -> None:
        command = StartBody(
            requested_pipeline=pipeline,
            is_retry=retry_reason is not None,
            retry_reason=retry_reason,
        )
        path = ("v1", "batches", batch_id, "pipelines")
        body = msgspec.json.encode(command)
        answer = await self._start.request(ctx, "POST", path, body=body)
        if answer.status in DENIED | {UNAVAILABLE}:
            raise _failure(answer)

    async def retry_phase(
        self, ctx: RequestContext, batch_id: str, phase: str, reason: str
    ) -> None:
        body = msgspec.json.encode(RetryBody(phase, ctx.user_id, reason))
        await self._retry.post(ctx, ("v1", "batches", batch_id, "retry-phase"), body)


def _failure(answer: DownstreamResponse) -> DownstreamFailed | DownstreamUnreachable:
    if answer.status == UNAVAILABLE:
        if _is(answer, PreflightFailed):
            # The preflight comes before the command.
            return DownstreamUnreachable("platform_gateway", reason="preflight", sent=False)
        return DownstreamFailed("platform_gateway", reason="status", upstream_status=UNAVAILABLE)
    try:
        denied = msgspec.json.decode(answer.body, type=StartDenied)
    except msgspec.DecodeError:
        return DownstreamRefused("platform_gateway", upstream_status=answer.status, spoke_json=True)
    return StartRefused(denied.denial_reason)


def _is(answer: DownstreamResponse, kind: type[msgspec.Struct]) -> bool:
    try:
        msgspec.json.decode(answer.body, type=kind)
    except msgspec.DecodeError:
        return False
    return True
