"""Stream of the changes to a teacher's screens."""

from collections.abc import AsyncIterator

from dishka import FromDishka
from quart import Blueprint

from bff_core.context import RequestContext
from bff_core.errors import NotFound, RateLimited
from bff_core.server import (
    access,
    error_responses,
    inject,
    operation_id,
    takes_headers,
    takes_query,
)
from services.bff_teacher.api.event_stream import returns_events
from services.bff_teacher.dto.events_v1 import EVENT_V1, EventsHeadersV1, EventsQuery
from services.bff_teacher.live import LiveStreams

blueprint = Blueprint("live", __name__)


@blueprint.get("/events")
@operation_id("streamEvents")
@access("teacher")
@error_responses(NotFound, RateLimited)
@takes_headers(EventsHeadersV1)
@takes_query(EventsQuery)
@returns_events(EVENT_V1)
@inject
async def events(
    query_args: EventsQuery,
    headers: EventsHeadersV1,
    live: FromDishka[LiveStreams],
    ctx: FromDishka[RequestContext],
) -> AsyncIterator[bytes]:
    """Changes to the teacher's batches as they happen, as server-sent events."""
    last_event_id = headers.last_event_id or query_args.last_event_id
    return await live.open(ctx, query_args.batch_id, last_event_id)
