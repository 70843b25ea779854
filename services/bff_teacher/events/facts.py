"""Facts from an event: pure functions, one for each contract."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import singledispatch
from math import isfinite

from bff_core.clock import as_utc
from bff_core.context import UserId
from bff_core.inputs import is_uuid
from services.bff_teacher.confirmations.upload import FileOutcome, UploadStatus
from services.bff_teacher.contracts import events
from services.bff_teacher.events.envelope import Event, Poisonous
from services.bff_teacher.events.model import Fact, FactKind, Value

MAX_USER_ID = 100
MAX_WORD = 64
MAX_ESSAYS = 2000
MAX_COUNT = 2**31 - 1
FUTURE = timedelta(days=1)
"""A time that lies further ahead is refused: as the latest, its fact would remain for good."""
REJECTION_CODES = frozenset(
    {
        "EMPTY_CONTENT",
        "CONTENT_TOO_SHORT",
        "CONTENT_TOO_LONG",
        "RAW_STORAGE_FAILED",
        "TEXT_EXTRACTION_FAILED",
        "ENCRYPTED_FILE_UNSUPPORTED",
    }
)
OUTCOMES = frozenset({"completed_successfully", "completed_with_failures", "failed_critically"})
GRADES = frozenset(f"{letter}{sign}" for letter in "ABCDEF" for sign in ("", "+", "-")) | frozenset(
    {"U"}
)
LABELS = frozenset({"HIGH", "MID", "LOW"})


@dataclass(frozen=True, slots=True)
class Context:
    """An event beside its data: its topic, the time of this copy, and now."""

    topic: str
    at: datetime
    now: datetime

    def fact(
        self,
        batch_id: str,
        kind: FactKind,
        at: datetime | None = None,
        item: str = "",
        **data: Value,
    ) -> Fact:
        """Build a fact; without `at`, the time of the copy is the only one there is.

        Raises:
            Poisonous: An id is no UUID, or the time is out of range.
        """
        return Fact(_id(batch_id), kind, self.time_of(at or self.at), self.topic, data, item)

    def file(
        self,
        user_id: UserId,
        batch_id: str,
        data: events.FileAdded | events.ValidationFailed,
        filename: str,
    ) -> FileOutcome:
        """Build an outcome; only that of a rejected file has a reason."""
        code = data.validation_error_code if isinstance(data, events.ValidationFailed) else None
        return FileOutcome(
            user_id=user_id,
            batch_id=_id(batch_id),
            file_upload_id=_id(data.file_upload_id),
            filename=filename,
            status=UploadStatus.ACCEPTED if code is None else UploadStatus.REJECTED,
            reason=code,
            at=self.time_of(data.timestamp),
        )

    def time_of(self, at: datetime) -> datetime:
        try:
            moment = as_utc(at)
        except OverflowError:
            raise Poisonous("time") from None
        if moment > self.now + FUTURE or moment.year < 2000:
            raise Poisonous("time")
        return moment


def facts_of(event: Event, now: datetime) -> list[Fact]:
    """The facts that an event tells; none of an event that is read for another reason.

    Raises:
        Poisonous: A value cannot be kept.
    """
    return _facts(event.data, Context(event.topic, event.at, now))


def owner_of(event: Event) -> UserId | None:
    """The owner of the event's batch, where the event tells it.

    A command tells who sent it, which may be anyone.
    """
    if isinstance(event.data, events.PipelineCommand):
        return None
    user_id = getattr(event.data, "user_id", None)
    return UserId(user_id) if isinstance(user_id, str) and _is_user(user_id) else None


def file_outcome_of(event: Event, now: datetime) -> FileOutcome | None:
    """The outcome of a file for the records of uploads; `reason` is the platform's code.

    The user is empty where only the batch's registration tells it.

    Raises:
        Poisonous: A value cannot be kept.
    """
    data, context = event.data, Context(event.topic, event.at, now)
    if isinstance(data, events.FileAdded):
        if not _is_user(data.user_id):
            raise Poisonous("user")
        return context.file(UserId(data.user_id), data.batch_id, data, data.filename)
    if isinstance(data, events.ValidationFailed):
        return context.file(UserId(""), data.entity_id, data, data.original_file_name)
    return None


@singledispatch
def _facts(_data: object, _context: Context) -> list[Fact]:
    return []


@_facts.register
def _(data: events.PipelineCommand, context: Context) -> list[Fact]:
    return [context.fact(data.batch_id, FactKind.START_REQUESTED)]


@_facts.register
def _(data: events.EssaysRegistered, context: Context) -> list[Fact]:
    if not _is_user(data.user_id):
        raise Poisonous("user")
    return [
        context.fact(
            data.entity_id,
            FactKind.REGISTERED,
            owner=data.user_id,
            expected=_count(data.expected_essay_count),
            has_class=data.class_id is not None,
        )
    ]


@_facts.register
def _(data: events.ValidationFailed, context: Context) -> list[Fact]:
    code = data.validation_error_code
    known = code if code in REJECTION_CODES else None
    upload_id = _id(data.file_upload_id)
    kind = FactKind.FILE_REJECTED
    return [context.fact(data.entity_id, kind, data.timestamp, upload_id, code=known)]


@_facts.register
def _(data: events.SlotAssigned, context: Context) -> list[Fact]:
    essay_id = _id(data.essay_id)
    return [context.fact(data.batch_id, FactKind.ESSAY_PLACED, data.timestamp, essay_id)]


@_facts.register
def _(data: events.ProvisioningCompleted, context: Context) -> list[Fact]:
    return [context.fact(data.batch_id, FactKind.FILES_COMPLETE, data.timestamp)]


@_facts.register
def _(data: events.MatchesSuggested, context: Context) -> list[Fact]:
    results = {one.essay_id: bool(one.suggestions) for one in data.match_results}
    return [
        context.fact(
            data.batch_id,
            FactKind.MATCHED,
            data.timestamp,
            essays=len(results),
            matched=sum(results.values()),
        )
    ]


@_facts.register
def _(data: events.AssociationsConfirmed, context: Context) -> list[Fact]:
    kind = FactKind.AUTO_CONFIRMED if data.timeout_triggered else FactKind.CONFIRMED
    return [context.fact(data.batch_id, kind, data.timestamp)]


@_facts.register
def _(data: events.EssaysReady, context: Context) -> list[Fact]:
    return [context.fact(data.batch_id, FactKind.READY)]


@_facts.register
def _(data: events.PhaseOutcome, context: Context) -> list[Fact]:
    if data.phase_status not in OUTCOMES:
        raise Poisonous("status")
    return [
        context.fact(
            data.batch_id,
            FactKind.PHASE_OUTCOME,
            item=f"{data.phase_name}:{_id(data.correlation_id)}",
            phase=data.phase_name,
            status=data.phase_status,
            processed=len(data.processed_essays),
            failed=len(data.failed_essay_ids),
        )
    ]


@_facts.register
def _(data: events.AssessmentFailed, context: Context) -> list[Fact]:
    job = data.cj_assessment_job_id
    if not job.isascii() or not job.replace("-", "").isalnum() or len(job) > MAX_WORD:
        raise Poisonous("job")
    kind = FactKind.ASSESSMENT_FAILED
    return [context.fact(data.entity_id, kind, data.timestamp, job.lower())]


@_facts.register
def _(data: events.PipelineDenied, context: Context) -> list[Fact]:
    return [
        context.fact(
            data.batch_id,
            FactKind.START_DENIED,
            data.denied_at,
            pipeline=_word(data.requested_pipeline),
            reason=_word(data.denial_reason),
        )
    ]


@_facts.register
def _(data: events.AssessmentCompleted, context: Context) -> list[Fact]:
    if len(data.rankings_summary) > MAX_ESSAYS:
        raise Poisonous("too_many")
    return [_grade(data, one, context) for one in data.rankings_summary if one.letter_grade]


def _grade(data: events.AssessmentCompleted, one: events.Ranking, context: Context) -> Fact:
    """The grade of an essay; an anchor text among them would be an essay that no batch shows."""
    letter, label, confidence = one.letter_grade, one.confidence_label, one.confidence_score
    if letter not in GRADES:
        raise Poisonous("grade")
    is_share = confidence is not None and isfinite(confidence) and 0 <= confidence <= 1
    return context.fact(
        data.batch_id,
        FactKind.GRADED,
        data.timestamp,
        _id(one.essay_id),
        letter=letter,
        confidence=confidence if is_share else None,
        label=label if label in LABELS else None,
    )


def _id(text: str) -> str:
    if not is_uuid(text):
        raise Poisonous("id")
    return text.lower()


def _is_user(text: str) -> bool:
    """False for an id that could be mistaken for another in a key or a message."""
    plain = text.isascii() and text.isprintable() and not set(text) & set("{} ")
    return plain and 0 < len(text) <= MAX_USER_ID


def _count(number: int) -> int:
    if not 0 <= number <= MAX_COUNT:
        raise Poisonous("count")
    return number


def _word(text: str) -> str:
    """A word of the platform's; anything longer or with other characters is none."""
    if not text.isascii() or not text.replace("_", "").isalnum() or len(text) > MAX_WORD:
        raise Poisonous("word")
    return text
