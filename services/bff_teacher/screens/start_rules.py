"""The effect of an earlier start on the next one; pure functions."""

from datetime import datetime, timedelta
from typing import Literal

from services.bff_teacher.confirmations.start import Start, StartOutcome
from services.bff_teacher.dto.batch_actions_v1 import ActionNameV1
from services.bff_teacher.dto.batch_status_v1 import BatchStatusV1
from services.bff_teacher.truth.actions import refusal_of
from services.bff_teacher.truth.facts import BatchTruth
from services.bff_teacher.truth.sources import has_begun

VISIBLE_AFTER = timedelta(seconds=60)
"""Time after which an accepted start must show: seconds over Kafka, more if that is behind."""

Standing = Literal["running", "in_doubt"]


def standing_of(
    latest: Start | None, truth: BatchTruth, now: datetime, lease: timedelta
) -> Standing | None:
    """The reason that forbids another start; None if nothing does.

    A start without an outcome counts as running for `lease`. A batch that has begun proves that its
    first start was sent; of another run of what had begun before, nothing proves that.
    """
    if latest is None or latest.outcome in {StartOutcome.NOT_SENT, StartOutcome.DENIED}:
        return None
    if truth.status is BatchStatusV1.PROCESSING:
        return "running"
    if latest.reason is None and has_begun(truth.phases):
        return None
    if latest.outcome is StartOutcome.ACCEPTED:
        is_recent = now - (latest.ended_at or latest.started_at) < VISIBLE_AFTER
        # Of another run nothing has to show.
        late: Standing | None = "in_doubt" if latest.reason is None else None
    else:
        is_recent = now - latest.started_at < lease and latest.outcome is StartOutcome.STARTED
        late = "in_doubt"
    return "running" if is_recent else late


def governing_action(truth: BatchTruth, *, again: bool) -> ActionNameV1:
    """The action whose rule a start follows: `again` allows what either of two allows."""
    is_retry = again and refusal_of("start", truth) is not None
    return "retry" if is_retry and refusal_of("retry", truth) is None else "start"


def has_phase_begun(truth: BatchTruth, phase: str) -> bool:
    """True if the phase is known to have begun."""
    return has_begun(tuple(one for one in truth.phases or () if one.name == phase))
