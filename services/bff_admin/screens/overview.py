"""The overview of operations: pending accounts, recent changes, health and circuit breakers."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from pydantic import JsonValue

from bff_core.clock import Clock
from bff_core.composition import Fetched, Missing, Part, fan_out
from bff_core.context import RequestContext
from bff_core.errors import DownstreamFailed
from bff_core.json_values import json_equal, json_pointer
from services.bff_admin.contracts import EventsReport
from services.bff_admin.dto.audit_v1 import AuditEntryV1
from services.bff_admin.dto.overview_v1 import (
    AdminOverviewV1,
    BreakerV1,
    ChangedSettingsV1,
    ChangedValueV1,
    EventsConsumerV1,
    PendingSummaryV1,
    ServiceHealthV1,
)
from services.bff_admin.dto.users_v1 import PendingUsersQuery
from services.bff_admin.ports import (
    Accounts,
    Breakers,
    HealthChecks,
    NamespaceValues,
    ServiceHealth,
    TrailQuery,
)
from services.bff_admin.screens.audit import SETTINGS, SOURCES, USERS, AuditTrail
from services.bff_admin.screens.audit_merge import (
    MergePosition,
    SourceBatch,
    SourcePosition,
    merge_page,
)
from services.bff_admin.screens.parts import describe_all, optional_part, value_or_none

MAX_PAGES = 5
PAGE_SIZE = 100

MAX_NAMESPACES = 30
"""Namespaces that are compared: the calls for more would queue behind each other."""

RECENT = 10
CONSUMER = "bff_teacher"
"""The service that reads the platform's events."""
_START = MergePosition({name: SourcePosition() for name in SOURCES})


async def pending_summary(accounts: Accounts, ctx: RequestContext) -> Fetched[PendingSummaryV1]:
    """Count page by page up to `MAX_PAGES`, as Identity gives no total.

    Raises:
        BffError: A call of Identity fails, or is refused.
    """
    count, oldest = 0, None
    query = PendingUsersQuery(limit=PAGE_SIZE)
    for _ in range(MAX_PAGES):
        page = await accounts.pending(ctx, query)
        if count == 0 and page.users:
            # The longest waiting account comes first.
            oldest = page.users[0].waiting_seconds
        count += len(page.users)
        query = query.model_copy(update={"cursor": page.next_cursor})
        if query.cursor is None:
            break
    summary = PendingSummaryV1(
        count=count, is_exact=query.cursor is None, oldest_waiting_seconds=oldest
    )
    return Fetched(summary)


async def changed_settings(
    namespaces: NamespaceValues, ctx: RequestContext
) -> Fetched[list[ChangedSettingsV1]]:
    """Changed namespaces in alphabetical order.

    Raises:
        BffError: A call of the config service fails, or is refused.
    """
    known = await namespaces.all(ctx)
    written = [one.namespace for one in known.namespaces if one.version > 0][:MAX_NAMESPACES]
    async with fan_out() as group:
        tasks = [group.create_task(_changes_of(namespaces, ctx, name)) for name in written]
    changed = [task.result() for task in tasks]
    return Fetched([one for one in changed if one.values])


async def _changes_of(
    namespaces: NamespaceValues, ctx: RequestContext, name: str
) -> ChangedSettingsV1:
    async with fan_out() as group:
        reading = group.create_task(namespaces.values(ctx, name))
        defaults = group.create_task(namespaces.defaults(ctx, name))
    current = reading.result()
    return ChangedSettingsV1(
        namespace=current.namespace,
        version=current.version,
        updated_at=current.updated_at,
        updated_by=current.updated_by,
        # Spread out, because to the type checker a dict of JSON values is not a JSON value.
        values=list(changed_values({**current.values}, {**defaults.result().values})),
    )


def changed_values(
    value: JsonValue, default: JsonValue, pointer: str = ""
) -> Iterator[ChangedValueV1]:
    """Compare objects key by key, and everything else as a whole."""
    if isinstance(value, dict) and isinstance(default, dict):
        for key in sorted(value.keys() | default.keys()):
            inner = json_pointer(pointer, key)
            yield from changed_values(value.get(key), default.get(key), inner)
    elif not json_equal(value, default):
        yield ChangedValueV1(pointer=pointer, value=value, default=default)


class OverviewScreen:
    """Optional parts: `pending`, `setting_changes`, `user_decisions` and `changed_settings`.

    `events_consumer` is another where the teacher BFF reads events, or does not say. Health and
    breakers are never missing: an unreachable service is what they report.
    """

    def __init__(
        self,
        *,
        accounts: Accounts,
        namespaces: NamespaceValues,
        trail: AuditTrail,
        health: HealthChecks,
        breakers: Breakers,
        clock: Clock,
    ) -> None:
        self._accounts = accounts
        self._namespaces = namespaces
        self._trail = trail
        self._health = health
        self._breakers = breakers
        self._clock = clock

    async def load(self, ctx: RequestContext) -> AdminOverviewV1:
        """Compose the overview; the failure of a service never fails it."""
        now = self._clock.now()
        async with fan_out() as group:
            waiting = group.create_task(optional_part(pending_summary(self._accounts, ctx)))
            settings = group.create_task(optional_part(changed_settings(self._namespaces, ctx)))
            recent = group.create_task(self._trail.next(ctx, _START, TrailQuery(RECENT)))
            health = group.create_task(self._health.all(ctx))
        pending, changed, trail = waiting.result(), settings.result(), {**recent.result()}
        consumer = _consumer(health.result())
        parts: dict[str, Part[object]] = {
            "pending": pending,
            "setting_changes": trail[SETTINGS],
            "user_decisions": trail[USERS],
            "changed_settings": changed,
            **({} if consumer is None else {"events_consumer": consumer}),
        }
        return AdminOverviewV1(
            pending=value_or_none(pending),
            recent_changes=_recent_changes(now, trail),
            changed_settings=value_or_none(changed),
            services=[_health_dto(service) for service in health.result()],
            events=EventsConsumerV1.model_validate(consumer.value, from_attributes=True)
            if isinstance(consumer, Fetched)
            else None,
            breakers=[
                BreakerV1.model_validate(one, from_attributes=True)
                for one in self._breakers.states()
            ],
            generated_at=now,
            parts=describe_all(parts),
        )


def _recent_changes(
    now: datetime, trail: dict[str, Part[SourceBatch[AuditEntryV1]]]
) -> list[AuditEntryV1] | None:
    batches = {name: value_or_none(part) for name, part in trail.items()}
    if all(batch is None for batch in batches.values()):
        return None
    page = merge_page(_START, batches, RECENT, now)
    return [entry for _, entry in page.entries]


def _consumer(services: Sequence[ServiceHealth]) -> Part[EventsReport] | None:
    """The consumer's state; None where no events are read, and where nothing is asked."""
    found = next((one for one in services if one.name == CONSUMER), None)
    if found is None:
        return None
    if found.consumer is not None:
        return Fetched(found.consumer)
    if found.status == "healthy" and not found.reads_events:
        return None
    return Missing(found.code or DownstreamFailed.code)


def _health_dto(service: ServiceHealth) -> ServiceHealthV1:
    return ServiceHealthV1(
        name=service.name,
        status=service.status,
        latency_ms=None if service.latency is None else round(service.latency * 1000, 1),
        version=service.version,
        code=service.code,
    )
