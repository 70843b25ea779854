"""What the facts of a batch come to; pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal

from bff_core.context import UserId
from services.bff_teacher.events.model import (
    BatchEvents,
    Denial,
    Fact,
    FactKind,
    Grade,
    Matches,
    Outcome,
)

UNGRADED = "U"
"""The platform's grade where it had no graded texts to compare with."""
_LABELS: Mapping[str, Literal["HIGH", "MID", "LOW"]] = {"HIGH": "HIGH", "MID": "MID", "LOW": "LOW"}


def events_of(facts: Iterable[Fact]) -> BatchEvents:
    """The facts of one batch together."""
    found: dict[FactKind, list[Fact]] = defaultdict(list)
    for fact in facts:
        found[fact.kind].append(fact)
    registered, matched = _only(found[FactKind.REGISTERED]), _only(found[FactKind.MATCHED])
    denied = _only(found[FactKind.START_DENIED])
    return BatchEvents(
        owner=UserId(str(registered.data["owner"])) if registered else None,
        expected=int(registered.data["expected"] or 0) if registered else None,
        has_class=bool(registered.data["has_class"]) if registered else None,
        placed=len(found[FactKind.ESSAY_PLACED]),
        rejected=len(found[FactKind.FILE_REJECTED]),
        complete_at=_time_of(found[FactKind.FILES_COMPLETE]),
        matches=_matches(matched) if matched else None,
        confirmed_at=_time_of(found[FactKind.CONFIRMED]),
        auto_confirmed_at=_time_of(found[FactKind.AUTO_CONFIRMED]),
        ready_at=_time_of(found[FactKind.READY]),
        requested_at=_time_of(found[FactKind.START_REQUESTED]),
        denial=_denial(denied) if denied else None,
        outcomes=_latest_outcomes(found[FactKind.PHASE_OUTCOME]),
        assessment_failed_at=_time_of(found[FactKind.ASSESSMENT_FAILED]),
    )


def _only(facts: Sequence[Fact]) -> Fact | None:
    return facts[0] if facts else None


def _time_of(facts: Sequence[Fact]) -> datetime | None:
    return max((fact.at for fact in facts), default=None)


def _matches(fact: Fact) -> Matches:
    return Matches(int(fact.data["essays"] or 0), int(fact.data["matched"] or 0))


def _denial(fact: Fact) -> Denial:
    return Denial(str(fact.data["pipeline"]), str(fact.data["reason"]), fact.at)


def _latest_outcomes(facts: Sequence[Fact]) -> dict[str, Outcome]:
    """The latest outcome of each phase, which was run once for each start of it."""
    ordered = sorted(facts, key=lambda fact: (fact.at, fact.text))
    return {str(fact.data["phase"]): Outcome(str(fact.data["status"]), fact.at) for fact in ordered}


def grades_of(facts: Iterable[Fact]) -> dict[str, Grade]:
    """Grades by essay id, of the latest comparison only; essays without a grade are absent."""
    graded = [fact for fact in facts if fact.kind is FactKind.GRADED]
    latest = max((fact.at for fact in graded), default=None)
    return {
        fact.item: _grade(fact)
        for fact in graded
        if fact.at == latest and fact.data["letter"] != UNGRADED
    }


def _grade(fact: Fact) -> Grade:
    confidence = fact.data["confidence"]
    return Grade(
        letter=str(fact.data["letter"]),
        confidence=None if confidence is None else float(confidence),
        label=_LABELS.get(str(fact.data["label"])),
    )
