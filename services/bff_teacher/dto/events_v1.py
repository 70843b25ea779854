"""Query, headers and events of the event stream."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict, JsonValue

from services.bff_teacher.dto.uuid_text import RequestedUuid


class EventsQuery(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    batch_id: RequestedUuid | None = Field(
        None, description="Follow this batch with its essays, instead of the newest 50 batches."
    )
    last_event_id: Annotated[str, Field(max_length=64)] | None = Field(
        None,
        description="`Last-Event-ID` for an `EventSource`, which cannot send it with its first"
        " request. The header wins.",
    )


class EventsHeadersV1(BaseModel):
    """An unknown `Last-Event-ID` starts the stream with `resync` and a snapshot."""

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    last_event_id: Annotated[str, Field(max_length=64)] | None = Field(
        None, alias="Last-Event-ID", description="Go on after this event."
    )


EXAMPLE_BATCH_ID = "3f0c6a52-9d1e-4c77-8a55-2b1d7c9e4f10"
EXAMPLE_EVENTS: list[JsonValue] = [
    {
        "id": "5f0a3c9d1e77-41",
        "event": "snapshot",
        "data": f'{{"version":7,"batches":{{"{EXAMPLE_BATCH_ID}":{{"status":"ready"}}}}}}',
    },
    {
        "id": "5f0a3c9d1e77-42",
        "event": "activity",
        "data": '{"at":"2026-01-31T12:00:00.000000Z","kind":"batch_spellcheck_completed"}',
    },
    {
        "id": "5f0a3c9d1e77-43",
        "event": "batch_changed",
        "data": f'{{"batch_id":"{EXAMPLE_BATCH_ID}","patch":{{"completed_essays":3}},"version":8}}',
    },
    {"event": "end", "data": '{"reason":"shutdown"}'},
]
EVENT_V1: JsonDict = {
    "type": "object",
    "description": "One event. `snapshot` holds every batch, a change the version it leads to: a merge patch "
    "(RFC 7396) in `batch_changed`. `resync` and `end` have a `reason`, and no id.",
    "properties": {
        "id": {"type": "string", "description": "Epoch and offset, for `Last-Event-ID`."},
        "event": {
            "type": "string",
            "enum": [
                "snapshot",
                "batch_added",
                "batch_changed",
                "batch_removed",
                "activity",
                "resync",
                "end",
            ],
        },
        "data": {"type": "string", "contentMediaType": "application/json"},
    },
    "required": ["event", "data"],
    "examples": EXAMPLE_EVENTS,
}
