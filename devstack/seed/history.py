"""The events of the demo's past, from which a consumer that begins at the earliest learns it.

The batches that the scenario moves have none: they begin anew under their ids, which the platform's
batches never do.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

from devstack.events.batches import (
    associations_confirmed,
    associations_timed_out,
    content_provisioned,
    essays_ready,
    file_added,
    match_result,
    matches_suggested,
    provisioning_completed,
    registered,
    slot_assigned,
    validation_failed,
)
from devstack.events.event import Data, Event, Moment, moment
from devstack.seed.identifiers import fixed_id, storage_id
from devstack.seed.model import Dataset, SeededAssociation, SeededBatch, SeededEssay, SeededStudent
from devstack.seed.past_pipelines import pipeline_events
from devstack.seed.plan import MOVING_KEYS
from devstack.seed.situations import Situation

Dated = tuple[datetime, Event]
"""An event and its time, without a zone as the platform's columns hold it."""
CHECKED_AFTER = timedelta(seconds=1)
RELAYED_AFTER = timedelta(milliseconds=400)
PROVISIONED = timedelta(minutes=3)
CONFIRMED_AFTER, READY_AFTER = timedelta(minutes=2), timedelta(seconds=2)
TIMER = timedelta(hours=24, minutes=10)
_FILE_BYTES = 2_048
_UNCONFIRMED = frozenset(
    {Situation.MATCHING, Situation.AWAITING_CONFIRMATION, Situation.UNMATCHED, Situation.TIMED_OUT}
)


def past_events(dataset: Dataset) -> list[Dated]:
    """The events of all batches with the times at which they were sent, in that order."""
    moving = {fixed_id(f"batch/{key}") for key in MOVING_KEYS}
    pupils = {one.student_id: one for one in dataset.students}
    dated: list[Dated] = []
    for batch in (*dataset.batches, *dataset.bos_only):
        if batch.batch_id not in moving:
            dated += _events_of(batch, dataset.associations_of(batch.batch_id), pupils)
    dated.sort(key=lambda pair: pair[0])
    return [((at + RELAYED_AFTER).replace(tzinfo=UTC), event) for at, event in dated]


def row_of(batch: SeededBatch) -> Data:
    """The batch as the orchestrator has it."""
    return {
        "batch_id": batch.batch_id,
        "user_id": batch.user_id,
        "class_id": batch.class_id,
        "course_code": batch.course_code,
        "expected_essay_count": batch.essay_count,
    }


def _events_of(
    batch: SeededBatch, rows: list[SeededAssociation], pupils: Mapping[str, SeededStudent]
) -> Iterator[Dated]:
    row = row_of(batch)
    lacking = range(len(batch.essays), batch.essay_count)
    ids = [one.essay_id for one in batch.essays]
    ids += [fixed_id(f"essay/{batch.batch_id}/{number}") for number in lacking]
    prompt = batch.prompt_storage_id
    when = moment(batch.batch_id, at=batch.created_at)
    yield batch.created_at, registered(row, ids, prompt, when)
    for essay in batch.essays:
        yield from _upload_events(batch, essay)
    if batch.situation is Situation.UPLOAD_FAILED:
        yield from _refused_file(batch)
    if lacking:
        return
    at = batch.created_at + PROVISIONED
    yield at, provisioning_completed(row, _texts(batch), moment(batch.batch_id, "upload", at))
    if batch.class_id is not None:
        yield from _matching_events(batch, rows, pupils)
    yield from pipeline_events(batch, row)


def _upload_events(batch: SeededBatch, essay: SeededEssay) -> Iterator[Dated]:
    upload, text = _upload(batch, essay.file_upload_id, essay.filename), _text_id(essay)
    at = essay_uploaded_at(batch, essay)
    yield at, file_added(upload, _at(batch, at))
    at += CHECKED_AFTER
    raw = storage_id(f"raw/{essay.file_upload_id}")
    yield at, content_provisioned(upload, raw, text, _at(batch, at))
    yield at, slot_assigned(upload, essay.essay_id, text, _at(batch, at))


def essay_uploaded_at(batch: SeededBatch, essay: SeededEssay) -> datetime:
    number = next(place for place, one in enumerate(batch.essays) if one is essay)
    return batch.created_at + timedelta(minutes=1, seconds=3 * number)


def _refused_file(batch: SeededBatch) -> Iterator[Dated]:
    upload = _upload(batch, fixed_id(f"upload/{batch.batch_id}/refused"), "kort.txt")
    at = batch.created_at + PROVISIONED
    yield at, file_added(upload, _at(batch, at))
    at += CHECKED_AFTER
    raw = storage_id(f"raw/{upload['file_upload_id']}")
    refusal = validation_failed(upload, raw, "CONTENT_TOO_SHORT", "too short", _at(batch, at))
    yield at, refusal


def _upload(batch: SeededBatch, upload_id: str, name: str) -> Data:
    return {
        "file_upload_id": upload_id,
        "batch_id": batch.batch_id,
        "user_id": batch.user_id,
        "filename": name,
        "size": _FILE_BYTES,
    }


def _matching_events(
    batch: SeededBatch, rows: list[SeededAssociation], pupils: Mapping[str, SeededStudent]
) -> Iterator[Dated]:
    """Suggestions, a person's decision, and the timer's, which comes after it in old batches."""
    if batch.situation is Situation.MATCHING:
        return
    row, found = row_of(batch), {one.essay_id: one for one in rows}
    at = rows[0].created_at if rows else batch.created_at + 2 * PROVISIONED
    results = [_result(essay, found, pupils) for essay in batch.essays]
    yield at, matches_suggested(row, results, moment(batch.batch_id, at=at))
    if batch.situation not in _UNCONFIRMED:
        decided = [{"essay_id": one.essay_id, "student_id": one.author_id} for one in batch.essays]
        at += CONFIRMED_AFTER
        when = moment(batch.batch_id, "confirmation", at)
        yield at, associations_confirmed(row, decided, by=batch.user_id, when=when)
        yield _ready(batch, at + READY_AFTER)
    if any(one.status == "confirmed" for one in rows):
        timed = rows[0].created_at + TIMER
        kept = [_kept(one, pupils) for one in rows]
        yield timed, associations_timed_out(row, kept, moment(batch.batch_id, "timer", timed))
        yield _ready(batch, timed + READY_AFTER)


def _kept(one: SeededAssociation, pupils: Mapping[str, SeededStudent]) -> Data:
    stands_in = pupils[one.student_id].is_synthetic
    return {
        "essay_id": one.essay_id,
        "student_id": one.student_id,
        "confidence_score": 0.0 if stands_in else one.confidence_score,
    }


def _ready(batch: SeededBatch, at: datetime) -> Dated:
    return at, essays_ready(row_of(batch), _texts(batch), moment(batch.batch_id, at=at))


def _result(
    essay: SeededEssay,
    found: Mapping[str, SeededAssociation],
    pupils: Mapping[str, SeededStudent],
) -> Data:
    text: Data = {"essay_id": essay.essay_id, "text_storage_id": _text_id(essay)}
    association = found.get(essay.essay_id)
    pupil = pupils.get(association.student_id) if association else None
    # The stand-in is CMS's own: nothing suggests it.
    if association is None or pupil is None or pupil.is_synthetic:
        return match_result(text, None, 0.0)
    named = {
        "student_id": pupil.student_id,
        "first_name": pupil.first_name,
        "last_name": pupil.last_name,
        "email": pupil.email,
    }
    return match_result(text, named, association.confidence_score)


def _texts(batch: SeededBatch) -> list[Data]:
    return [{"essay_id": one.essay_id, "text_storage_id": _text_id(one)} for one in batch.essays]


def _text_id(essay: SeededEssay) -> str:
    return essay.original_text_storage_id


def _at(batch: SeededBatch, at: datetime) -> Moment:
    return moment(batch.batch_id, "upload", at)
