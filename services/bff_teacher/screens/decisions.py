"""Decisions of a teacher: complete and consistent, and compared with earlier attempts."""

from collections.abc import Collection, Mapping
from datetime import timedelta

from bff_core.clock import to_wire
from bff_core.errors import Conflict, FieldError, NotFound, ValidationFailed, listed_errors
from services.bff_teacher.confirmations.model import Attempt, ConfirmOutcome, Decisions
from services.bff_teacher.dto.associations_v1 import (
    AssociationConfirmRequestV1,
    AssociationConfirmResultV1,
    AssociationDecisionV1,
)
from services.bff_teacher.screens.rows.classes import OwnStudents

MAX_LISTED = 50
"""Essays that a refusal lists."""


def canonical(request: AssociationConfirmRequestV1) -> Decisions:
    """The decisions in lower case and in one order, so that equal ones compare equal."""
    pairs = (
        (str(one.essay_id), str(one.student_id) if one.student_id else None)
        for one in request.decisions
    )
    return tuple(sorted(pairs, key=lambda pair: (pair[0], pair[1] or "")))


def require_distinct(request: AssociationConfirmRequestV1) -> None:
    """Require that no essay and no student appears twice.

    Raises:
        ValidationFailed: It names every place after the first.
    """
    flaws = []
    for field, label in (
        ("essay_id", "This essay is decided"),
        ("student_id", "This student is chosen"),
    ):
        seen: set[object] = set()
        for number, one in enumerate(request.decisions):
            value = getattr(one, field)
            if value is not None and value in seen:
                flaws.append(FieldError(f"/decisions/{number}/{field}", f"{label} more than once"))
            seen.add(value)
    if flaws:
        raise ValidationFailed(flaws)


def require_known(
    request: AssociationConfirmRequestV1, suggested: Mapping[str, str], own: OwnStudents
) -> None:
    """Require that what each decision decides is known; `suggested` is student by essay id.

    Raises:
        Conflict: A decision for no student would reject a suggestion that is or was not known, or
            a decision names a student who may be in a class that could not be read.
    """
    unknown = []
    for one in request.decisions:
        essay_id, chosen = str(one.essay_id), one.student_id and str(one.student_id)
        student = chosen or suggested.get(essay_id)
        unread = student is not None and student not in own.members and not own.is_complete
        if unread or (chosen is None and one.suggestion == "unknown"):
            unknown.append(essay_id)
    if unknown:
        raise suggestions_unknown(essay_ids=unknown[:MAX_LISTED])


def suggestions_unknown(**details: object) -> Conflict:
    """The refusal of a confirmation, before anything is done, while suggestions are not known."""
    return Conflict(
        "It is not known whom the suggestions name; read them again",
        details={"reason": "suggestions_unknown", **details},
        retry_after=1.0,
    )


def require_complete(
    request: AssociationConfirmRequestV1,
    *,
    to_decide: Collection[str],
    known: Collection[str],
    students: Collection[str],
) -> None:
    """Require a decision for each essay in `to_decide`, and none outside `known` and `students`.

    Raises:
        NotFound: A decision names an essay or a student that is not the teacher's; each is listed
            in `details.errors`, up to 50.
        ValidationFailed: An essay is left undecided.
    """
    unknown = []
    for number, one in enumerate(request.decisions):
        place = f"/decisions/{number}"
        if str(one.essay_id) not in known:
            message = "There is no such essay in this batch"
            unknown.append(FieldError(f"{place}/essay_id", message))
        if one.student_id is not None and str(one.student_id) not in students:
            message = "There is no such student in your classes"
            unknown.append(FieldError(f"{place}/student_id", message))
    if unknown:
        raise NotFound(details=listed_errors(unknown))
    undecided = set(to_decide) - {str(one.essay_id) for one in request.decisions}
    if undecided:
        raise ValidationFailed(
            FieldError("/decisions", f"The essay {essay_id} is not decided")
            for essay_id in sorted(undecided)
        )


def result_to_replay(
    latest: Attempt | None, wanted: Attempt, *, batch_id: str, lease: timedelta
) -> AssociationConfirmResultV1 | None:
    """The earlier result, if it answers `wanted`; None when `wanted` may be carried out.

    `batch_id` is the batch's as RAS spells it.
    An attempt without an outcome counts as running for `lease`, and as unknown after it.

    Raises:
        Conflict: Something else was confirmed, is being confirmed, or may have been.
    """
    if latest is None or latest.outcome is ConfirmOutcome.NOT_SENT:
        return None
    if latest.outcome is ConfirmOutcome.CONFIRMED:
        is_equal = in_lower_case(latest.decisions) == in_lower_case(wanted.decisions)
        if is_equal or (wanted.key and wanted.key == latest.key):
            return result_of(latest, batch_id)
        raise _conflict("already_confirmed", "This batch is confirmed already", latest)
    age = wanted.started_at - latest.started_at
    if latest.outcome is ConfirmOutcome.STARTED and age < lease:
        raise _conflict("in_progress", "This batch is being confirmed", latest, retry_after=1.0)
    if not wanted.forced:
        message = "It is not known whether an earlier attempt confirmed this batch"
        raise _conflict("outcome_unknown", message, latest)
    return None


def in_lower_case(decisions: Decisions) -> Decisions:
    return tuple(
        (essay_id.lower(), student_id and student_id.lower()) for essay_id, student_id in decisions
    )


def spelled_by(decisions: Decisions, spellings: Mapping[str, str]) -> Decisions:
    """The decisions with the ids as their sources spell them, by ids in lower case."""
    return tuple(
        (spellings.get(essay_id, essay_id), student_id and spellings.get(student_id, student_id))
        for essay_id, student_id in decisions
    )


def result_of(attempt: Attempt, batch_id: str) -> AssociationConfirmResultV1:
    """The result; `batch_id` is the batch's as RAS spells it."""
    decisions = _decisions(attempt)
    chosen = sum(one.student_id is not None for one in decisions)
    return AssociationConfirmResultV1(
        batch_id=batch_id,
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
    """A conflict that lists the decisions of the attempt in the way, and its time."""
    if latest.outcome is ConfirmOutcome.CONFIRMED:
        moment = {"confirmed_at": to_wire(latest.ended_at or latest.started_at)}
    else:
        moment = {"attempted_at": to_wire(latest.started_at)}
    decisions = [one.model_dump(mode="json") for one in _decisions(latest)]
    return Conflict(
        message,
        details={"reason": reason, **moment, "decisions": decisions},
        retry_after=retry_after,
    )
