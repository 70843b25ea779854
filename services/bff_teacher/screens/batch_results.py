"""Results of one batch, to be shown and to be saved as a file."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bff_core.composition import Fetched, Part, WithHeaders, fan_out, required
from bff_core.context import RequestContext
from bff_core.inputs import CONTROLS
from services.bff_teacher.contracts.cms import StudentOfEssay
from services.bff_teacher.contracts.ras import BatchWithEssays
from services.bff_teacher.dto.language_v1 import LanguageV1
from services.bff_teacher.dto.results_v1 import TeacherBatchResultsV1
from services.bff_teacher.events.model import NO_EVENTS, Grade, KnownEvents
from services.bff_teacher.ports import Batches, Students, TitleByBatch, Titles
from services.bff_teacher.screens.failure_texts import language_headers, language_of
from services.bff_teacher.screens.owned_batch import read_own_batch
from services.bff_teacher.screens.parts import (
    DisabledParts,
    describe_parts,
    optional_unless_disabled,
    value_of,
)
from services.bff_teacher.screens.rows.batches import names_of, read_titles, require_allowed
from services.bff_teacher.screens.rows.csv_text import csv_of
from services.bff_teacher.screens.rows.essays import rank_essays, read_grades
from services.bff_teacher.screens.rows.results import result_rows, statistics_of
from services.bff_teacher.screens.states import BatchStates, StateReads

MAX_NAME_LENGTH = 80
_NOT_IN_NAMES = re.compile(rf'[{CONTROLS}<>:"/\\|?*.\s]+')


@dataclass(frozen=True, slots=True)
class BatchResultsParts:
    """In the order of the answer's `parts`; None when disabled."""

    batch: Fetched[BatchWithEssays]
    states: BatchStates
    student_names: Part[Sequence[StudentOfEssay]] | None = None
    titles: Part[TitleByBatch] | None = None
    grades: Part[Mapping[str, Grade]] | None = None


@dataclass(frozen=True, slots=True)
class ResultsFile:
    """A CSV file; `name` is safe in any file system, `code` also in a header."""

    content: bytes
    name: str
    code: str
    language: LanguageV1


@dataclass(frozen=True, slots=True)
class BatchResultsScreen:
    """Required: `batch`. All other parts are optional; a file requires names and grades, too.

    Only RAS is called until it has given the owner; the rest runs concurrently.
    """

    batches: Batches
    students: Students
    states: StateReads
    titles: Titles
    disabled: DisabledParts
    events: KnownEvents = NO_EVENTS

    async def load(self, ctx: RequestContext, batch_id: str) -> WithHeaders[TeacherBatchResultsV1]:
        """The results, with failures in the caller's language.

        Raises:
            NotFound: RAS knows no such batch, or not yet.
            NotAuthorized: It is another teacher's.
            DownstreamError: RAS did not give it.
        """
        batch = await read_own_batch(self.batches, ctx, batch_id, part="batch")
        batch_id = batch.value.batch_id
        async with fan_out() as group:
            states = group.create_task(self.states.read(ctx, [batch.value], finished=True))
            titles = group.create_task(read_titles(self.disabled, self.titles, ctx, [batch_id]))
            grades = group.create_task(read_grades(self.disabled, self.events, ctx, batch_id))
            names = await optional_unless_disabled(
                self.disabled,
                "student_names",
                lambda: self.students.of_batch(ctx, batch_id),
            )
        language = language_of(ctx.accept_language)
        parts = BatchResultsParts(batch, states.result(), names, titles.result(), grades.result())
        return WithHeaders(render(parts, language), language_headers(language))

    async def export(self, ctx: RequestContext, batch_id: str) -> ResultsFile:
        """The same rows as a file, which has no place to tell what is missing or may change.

        Raises:
            Conflict: The batch is not finished.
            NotFound, NotAuthorized: As in `load`.
            DownstreamError: RAS or CMS failed; `details.part` names the part.
            Unavailable: The own database did not give the grades.
        """
        batch = await read_own_batch(self.batches, ctx, batch_id, part="batch")
        batch_id = batch.value.batch_id
        states = await self.states.read(ctx, [batch.value], finished=True)
        require_allowed("export", states.truth_of(batch.value))
        async with fan_out() as group:
            titles = group.create_task(read_titles(self.disabled, self.titles, ctx, [batch_id]))
            grades = group.create_task(self._required_grades(ctx, batch_id))
            names: Sequence[StudentOfEssay] = ()
            if "student_names" not in self.disabled:
                read = self.students.of_batch(ctx, batch_id)
                names = (await required("student_names", read)).value
        language = language_of(ctx.accept_language)
        ranked = rank_essays(batch.value.essays)
        rows = result_rows(ranked, names, language, grades.result())
        known = names_of(batch.value, value_of(titles.result()))
        title = known.title if known.title_source else ""
        return ResultsFile(
            csv_of(rows, language), file_name(known.code, title), known.code, language
        )

    async def _required_grades(self, ctx: RequestContext, batch_id: str) -> Mapping[str, Grade]:
        """The grades by essay id; none where no events are read, or none are to be shown."""
        if not self.events.is_read or "events" in self.disabled:
            return {}
        return (await self.events.grades(ctx, batch_id)).value


def render(parts: BatchResultsParts, language: LanguageV1) -> TeacherBatchResultsV1:
    """The join."""
    batch = parts.batch.value
    ranked = rank_essays(batch.essays)
    names = names_of(batch, value_of(parts.titles))
    is_final = parts.states.truth_of(batch).is_final
    phases = parts.states.phases
    return TeacherBatchResultsV1(
        batch_id=batch.batch_id,
        batch_code=names.code,
        title=names.title,
        title_source=names.title_source,
        is_final=is_final,
        results=statistics_of(ranked, is_final=is_final),
        rows=result_rows(
            ranked, value_of(parts.student_names) or [], language, value_of(parts.grades)
        ),
        skipped=batch.skipped + len(batch.essays) - len(ranked),
        parts=describe_parts(
            {
                "batch": parts.batch,
                "student_names": parts.student_names,
                "phases": phases.part if phases else None,
                "titles": parts.titles,
                "events": parts.grades,
            }
        ),
    )


def file_name(code: str, title: str) -> str:
    """A name for the file, from the title without what file systems refuse."""
    words = _NOT_IN_NAMES.sub(" ", title).strip()[:MAX_NAME_LENGTH].strip()
    return f"{words or 'results'} {code}.csv"
