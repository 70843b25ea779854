"""How the platform is, on one page."""

from collections.abc import Sequence
from datetime import datetime

from bff_core.clock import Clock
from bff_core.composition import Part, fan_out
from bff_core.context import RequestContext
from services.bff_admin.dto.audit_v1 import AuditEntryV1
from services.bff_admin.dto.overview_v1 import (
    AdminOverviewV1,
    BreakerV1,
    ChangedSettingsV1,
    PendingSummaryV1,
    ServiceHealthV1,
)
from services.bff_admin.ports import (
    Accounts,
    Breakers,
    Checkup,
    Checkups,
    CurrentSettings,
)
from services.bff_admin.screens.audit_merge import Batch, Place, Position, merged
from services.bff_admin.screens.audit_trail import SETTINGS, SOURCES, USERS, AuditTrail, Wanted
from services.bff_admin.screens.changed_settings import changed_settings
from services.bff_admin.screens.parts import listed, part, value_of
from services.bff_admin.screens.pending_summary import pending_summary

RECENT = 10


class OverviewScreen:
    """Optional: `pending`, `setting_changes`, `user_decisions`, `changed_settings`.

    Health and breakers cannot be missing: not to be reached is what they tell.
    """

    def __init__(
        self,
        *,
        accounts: Accounts,
        current: CurrentSettings,
        trail: AuditTrail,
        checkups: Checkups,
        breakers: Breakers,
        clock: Clock,
    ) -> None:
        self._accounts = accounts
        self._current = current
        self._trail = trail
        self._checkups = checkups
        self._breakers = breakers
        self._clock = clock

    async def load(self, ctx: RequestContext) -> AdminOverviewV1:
        """Never fails as a whole."""
        now = self._clock.now()
        start = Position({name: Place() for name in SOURCES})
        async with fan_out() as group:
            pending = group.create_task(part(pending_summary(self._accounts, ctx)))
            changed = group.create_task(part(changed_settings(self._current, ctx)))
            trail = group.create_task(self._trail.next(ctx, start, Wanted(RECENT)))
            health = group.create_task(self._checkups.all(ctx))
        return render(
            now,
            pending=pending.result(),
            changed=changed.result(),
            trail={**trail.result()},
            services=[_health(one) for one in health.result()],
            breakers=self._guarded(),
        )

    def _guarded(self) -> list[BreakerV1]:
        states = sorted(self._breakers.states().items())
        return [BreakerV1.model_validate({"service": name, "state": how}) for name, how in states]


def render(
    now: datetime,
    *,
    pending: Part[PendingSummaryV1],
    changed: Part[list[ChangedSettingsV1]],
    trail: dict[str, Part[Batch[AuditEntryV1]]],
    services: Sequence[ServiceHealthV1],
    breakers: Sequence[BreakerV1],
) -> AdminOverviewV1:
    return AdminOverviewV1(
        pending=value_of(pending),
        recent_changes=_recent(now, trail),
        changed_settings=value_of(changed),
        services=list(services),
        breakers=list(breakers),
        generated_at=now,
        parts=listed(
            {
                "pending": pending,
                "setting_changes": trail[SETTINGS],
                "user_decisions": trail[USERS],
                "changed_settings": changed,
            }
        ),
    )


def _recent(
    now: datetime, trail: dict[str, Part[Batch[AuditEntryV1]]]
) -> list[AuditEntryV1] | None:
    batches = {name: value_of(found) for name, found in trail.items()}
    if all(batch is None for batch in batches.values()):
        return None
    page = merged(Position({name: Place() for name in batches}), batches, RECENT, now)
    return [entry for _, entry in page.entries]


def _health(one: Checkup) -> ServiceHealthV1:
    return ServiceHealthV1(
        name=one.name,
        status=one.status,
        latency_ms=None if one.latency is None else round(one.latency * 1000, 1),
        version=one.version,
        code=one.code,
    )
