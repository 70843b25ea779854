"""The part `events`: facts and grades, where the platform's events are read."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

from bff_core.composition import Fetched, Missing, Part
from bff_core.context import RequestContext
from bff_core.errors import Unavailable
from services.bff_teacher.events.model import BatchEvents, Grade, KnownEvents
from services.bff_teacher.screens.parts import DisabledParts

T = TypeVar("T")


async def known_facts(
    events: KnownEvents,
    disabled: DisabledParts,
    ctx: RequestContext,
    batch_ids: Sequence[str],
    *,
    fresh: bool,
) -> Part[Mapping[str, BatchEvents]] | None:
    """Facts by batch id in lower case; None where no events are read."""
    return await _part(events, disabled, lambda: events.of_batches(ctx, batch_ids, fresh=fresh))


async def known_grades(
    events: KnownEvents, disabled: DisabledParts, ctx: RequestContext, batch_id: str
) -> Part[Mapping[str, Grade]] | None:
    """Grades by essay id in lower case; None where no events are read."""
    return await _part(events, disabled, lambda: events.grades(ctx, batch_id))


async def _part(
    events: KnownEvents, disabled: DisabledParts, read: Callable[[], Awaitable[Fetched[T]]]
) -> Part[T] | None:
    if not events.is_read or "events" in disabled:
        return None
    try:
        return await read()
    except Unavailable as error:
        return Missing(error.code)
