"""The events of the demo's past, from which a consumer that begins at the earliest learns it.

The batches that the scenario moves have none: they begin anew under their ids, which the platform's
batches never do.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

from devstack.events import batches
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
            dated += _PastBatch(batch, dataset.associations_of(batch.batch_id), pupils).events()
    dated.sort(key=lambda pair: pair[0])
    return [((at + RELAYED_AFTER).replace(tzinfo=UTC), event) for at, event in dated]


class _PastBatch:
    """One batch with its matches, and the pupils by id."""

    def __init__(
        self,
        batch: SeededBatch,
        matches: list[SeededAssociation],
        pupils: Mapping[str, SeededStudent],
    ) -> None:
        self._batch = batch
        self._matches = matches
        self._pupils = pupils
        # The batch as the orchestrator has it.
        self._row: Data = {
            "batch_id": batch.batch_id,
            "user_id": batch.user_id,
            "class_id": batch.class_id,
            "course_code": batch.course_code,
            "expected_essay_count": batch.essay_count,
        }
        self._texts: list[Data] = [
            {"essay_id": one.essay_id, "text_storage_id": one.original_text_storage_id}
            for one in batch.essays
        ]

    def events(self) -> Iterator[Dated]:
        batch, row = self._batch, self._row
        lacking = range(len(batch.essays), batch.essay_count)
        ids = [one.essay_id for one in batch.essays]
        ids += [fixed_id(f"essay/{batch.batch_id}/{number}") for number in lacking]
        at = batch.created_at
        yield at, batches.registered(row, ids, batch.prompt_storage_id, self._at(at))
        for number, essay in enumerate(batch.essays):
            at = batch.created_at + timedelta(minutes=1, seconds=3 * number)
            yield from self._upload(at, essay.file_upload_id, essay.filename, essay)
        at = batch.created_at + PROVISIONED
        if batch.situation is Situation.UPLOAD_FAILED:
            yield from self._upload(at, fixed_id(f"upload/{batch.batch_id}/refused"), "kort.txt")
        if lacking:
            return
        yield at, batches.provisioning_completed(row, self._texts, self._at(at, "upload"))
        if batch.class_id is not None and batch.situation is not Situation.MATCHING:
            yield from self._matching()
        yield from pipeline_events(batch, row)

    def _upload(
        self, at: datetime, upload_id: str, name: str, essay: SeededEssay | None = None
    ) -> Iterator[Dated]:
        """A file that becomes an essay; one that becomes none is refused."""
        upload: Data = {
            "file_upload_id": upload_id,
            "batch_id": self._batch.batch_id,
            "user_id": self._batch.user_id,
            "filename": name,
            "size": _FILE_BYTES,
        }
        yield at, batches.file_added(upload, self._at(at, "upload"))
        at, raw = at + CHECKED_AFTER, storage_id(f"raw/{upload_id}")
        when = self._at(at, "upload")
        if essay is None:
            refusal = ("CONTENT_TOO_SHORT", "too short")
            yield at, batches.validation_failed(upload, raw, *refusal, when)
            return
        text = essay.original_text_storage_id
        yield at, batches.content_provisioned(upload, raw, text, when)
        yield at, batches.slot_assigned(upload, essay.essay_id, text, when)

    def _matching(self) -> Iterator[Dated]:
        """Suggestions, a person's decision, and the timer's, which comes after it in old batches."""
        batch, row, matches = self._batch, self._row, self._matches
        at = matches[0].created_at if matches else batch.created_at + 2 * PROVISIONED
        yield at, batches.matches_suggested(row, list(self._results()), self._at(at))
        if batch.situation not in _UNCONFIRMED:
            decided: list[Data] = [
                {"essay_id": one.essay_id, "student_id": one.author_id} for one in batch.essays
            ]
            at += CONFIRMED_AFTER
            when = self._at(at, "confirmation")
            yield at, batches.associations_confirmed(row, decided, by=batch.user_id, when=when)
            yield self._ready(at + READY_AFTER)
        if any(one.status == "confirmed" for one in matches):
            at = matches[0].created_at + TIMER
            kept: list[Data] = [
                {
                    "essay_id": one.essay_id,
                    "student_id": one.student_id,
                    "confidence_score": 0.0 if self._is_stand_in(one) else one.confidence_score,
                }
                for one in matches
            ]
            yield at, batches.associations_timed_out(row, kept, self._at(at, "timer"))
            yield self._ready(at + READY_AFTER)

    def _results(self) -> Iterator[Data]:
        """The matcher's suggestion for each essay; nothing suggests the stand-in, CMS's own."""
        found = {one.essay_id: one for one in self._matches if not self._is_stand_in(one)}
        for text in self._texts:
            match = found.get(text["essay_id"])
            if match is None:
                yield batches.match_result(text, None, 0.0)
                continue
            pupil = self._pupils[match.student_id]
            names = ("student_id", "first_name", "last_name", "email")
            named = {name: getattr(pupil, name) for name in names}
            yield batches.match_result(text, named, match.confidence_score)

    def _is_stand_in(self, match: SeededAssociation) -> bool:
        return self._pupils[match.student_id].is_synthetic

    def _ready(self, at: datetime) -> Dated:
        return at, batches.essays_ready(self._row, self._texts, self._at(at))

    def _at(self, at: datetime, request: str = "registration") -> Moment:
        return moment(self._batch.batch_id, request, at)
