"""What a teacher decided, compared with what there is to decide and with what was decided before."""

from collections import Counter
from collections.abc import Collection, Iterable
from datetime import timedelta

from bff_core.clock import to_wire
from bff_core.errors import Conflict, FieldError, NotFound, ValidationFailed
from services.bff_teacher.dto.associations_v1 import (
    AssociationConfirmRequestV1,
    AssociationConfirmResultV1,
    AssociationDecisionV1,
)
from services.bff_teacher.protocols import Attempt, Decisions, Outcome

_NOT_YOURS = "There is no such essay in this batch"
_NO_PUPIL = "There is no such student in your classes"


def canonical(request: AssociationConfirmRequestV1) -> Decisions:
    """Equal for requests that decide the same, in whatever order."""
    pairs = (
        (str(one.essay_id), str(one.student_id) if one.student_id else None)
        for one in request.decisions
    )
    return tuple(sorted(pairs, key=lambda pair: (pair[0], pair[1] or "")))


def require_distinct(request: AssociationConfirmRequestV1) -> None:
    """No essay and no student may be there twice.

    Raises:
        ValidationFailed: It names every place after the first.
    """
    flaws = [
        *_repeated(
            (one.essay_id for one in request.decisions), "essay_id", "This essay is decided"
        ),
        *_repeated(
            (one.student_id for one in request.decisions), "student_id", "This student is chosen"
        ),
    ]
    if flaws:
        raise ValidationFailed(flaws)


def require_complete(
    request: AssociationConfirmRequestV1,
    *,
    to_decide: Collection[str],
    known: Collection[str],
    pupils: Collection[str],
) -> None:
    """Every essay in `to_decide` is decided; others only if `known`; students are `pupils`.

    Raises:
        NotFound: A decision names an essay or a student that is not the teacher's; each is listed
            in `details.errors`.
        ValidationFailed: An essay is left undecided.
    """
    strangers = [
        flaw
        for number, one in enumerate(request.decisions)
        for flaw in _strangers(number, one, known, pupils)
    ]
    if strangers:
        listed = [{"pointer": flaw.pointer, "message": flaw.message} for flaw in strangers]
        raise NotFound(details={"errors": listed})
    undecided = set(to_decide) - {str(one.essay_id) for one in request.decisions}
    if undecided:
        raise ValidationFailed(
            FieldError("/decisions", f"The essay {essay_id} is not decided")
            for essay_id in sorted(undecided)
        )


def settled(
    latest: Attempt | None, wanted: Attempt, *, lease: timedelta
) -> AssociationConfirmResultV1 | None:
    """The result to give again; None when nothing stands in the way of `wanted`.

    Raises:
        Conflict: Something else was confirmed, is being confirmed, or may have been.
    """
    if latest is None or latest.outcome is Outcome.NOT_SENT:
        return None
    if latest.outcome is Outcome.CONFIRMED:
        if latest.decisions == wanted.decisions or (wanted.key and wanted.key == latest.key):
            return result_of(latest)
        raise _conflict("already_confirmed", "This batch is confirmed already", latest)
    running = latest.outcome is Outcome.STARTED and wanted.started_at - latest.started_at < lease
    if running:
        raise _conflict("in_progress", "This batch is being confirmed", latest, retry_after=1.0)
    if not wanted.forced:
        message = "It is not known whether an earlier attempt confirmed this batch"
        raise _conflict("outcome_unknown", message, latest)
    return None


def result_of(attempt: Attempt) -> AssociationConfirmResultV1:
    decisions = _decisions(attempt)
    chosen = sum(one.student_id is not None for one in decisions)
    return AssociationConfirmResultV1(
        batch_id=attempt.batch_id,
        confirmed_at=attempt.ended_at or attempt.started_at,
        associations_confirmed=chosen,
        associations_rejected=len(decisions) - chosen,
        forced=attempt.forced,
        decisions=decisions,
    )


def _decisions(attempt: Attempt) -> list[AssociationDecisionV1]:
    return [
        AssociationDecisionV1(essay_id=essay_id, student_id=student_id)
        for essay_id, student_id in attempt.decisions
    ]


def _conflict(
    reason: str, message: str, latest: Attempt, *, retry_after: float | None = None
) -> Conflict:
    decisions = [one.model_dump(mode="json") for one in _decisions(latest)]
    at = "confirmed_at" if latest.outcome is Outcome.CONFIRMED else "attempted_at"
    when = latest.ended_at if latest.outcome is Outcome.CONFIRMED else latest.started_at
    return Conflict(
        message,
        details={
            "reason": reason,
            at: to_wire(when or latest.started_at),
            "decisions": decisions,
        },
        retry_after=retry_after,
    )


def _repeated(values: Iterable[object], field: str, what: str) -> list[FieldError]:
    seen: Counter[object] = Counter()
    flaws = []
    for number, value in enumerate(values):
        seen[value] += 1
        if value is not None and seen[value] > 1:
            flaws.append(FieldError(f"/decisions/{number}/{field}", f"{what} more than once"))
    return flaws


def _strangers(
    number: int, one: AssociationDecisionV1, known: Collection[str], pupils: Collection[str]
) -> list[FieldError]:
    flaws = []
    if str(one.essay_id) not in known:
        flaws.append(FieldError(f"/decisions/{number}/essay_id", _NOT_YOURS))
    if one.student_id is not None and str(one.student_id) not in pupils:
        flaws.append(FieldError(f"/decisions/{number}/student_id", _NO_PUPIL))
    return flaws
