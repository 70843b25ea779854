"""Screen 2: one batch with its essays, its class, its students and its upload lock."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

from bff_core.composition import Fetched, Part, PartV1, WithHeaders, fan_out
from bff_core.context import RequestContext
from services.bff_teacher.contracts.cms import ClassInfo, ClassInfos, StudentOfEssay
from services.bff_teacher.contracts.content import is_storage_id
from services.bff_teacher.contracts.files import FileState
from services.bff_teacher.contracts.ras import BatchSummary, BatchWithEssays
from services.bff_teacher.dto.batch_detail_v1 import BatchEssayV1, FileStateV1, TeacherBatchDetailV1
from services.bff_teacher.dto.language_v1 import LanguageV1
from services.bff_teacher.ports import Batches, Classes, Files, Students, TitleByBatch, Titles
from services.bff_teacher.screens.failure_texts import count_failures, language_headers, language_of
from services.bff_teacher.screens.ids import is_uuid
from services.bff_teacher.screens.owned_batch import read_own_batch
from services.bff_teacher.screens.parts import (
    DisabledParts,
    describe_parts,
    optional_unless_disabled,
    value_of,
)
from services.bff_teacher.screens.rows.batches import as_utc_or_none, dashboard_item, read_titles
from services.bff_teacher.screens.rows.essays import (
    RankedEssay,
    count_ranked,
    essay_dto,
    rank_essays,
)
from services.bff_teacher.screens.rows.results import statistics_of
from services.bff_teacher.screens.states import BatchStates, StateReads, state_parts
from services.bff_teacher.truth.facts import UNKNOWN


@dataclass(frozen=True, slots=True)
class BatchDetailParts:
    """In the order of the answer's `parts`; None when disabled."""

    batch: Fetched[BatchWithEssays]
    states: BatchStates
    class_name: Part[ClassInfos] | None = None
    student_names: Part[list[StudentOfEssay]] | None = None
    file_state: Part[FileState] | None = None
    titles: Part[TitleByBatch] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchDetailScreen:
    """Required: `batch`. All other parts are optional.

    Only RAS is called until it has given the owner; the rest runs concurrently.
    """

    batches: Batches
    classes: Classes
    students: Students
    files: Files
    states: StateReads
    titles: Titles
    disabled: DisabledParts

    async def load(self, ctx: RequestContext, batch_id: str) -> WithHeaders[TeacherBatchDetailV1]:
        """The batch, with its failures in the caller's language.

        Raises:
            NotFound: RAS knows no such batch, or not yet.
            NotAuthorized: It is another teacher's.
            DownstreamError: RAS did not give it.
        """
        batch = await read_own_batch(self.batches, ctx, batch_id, part="batch")
        parts = await self._optional_parts(ctx, batch)
        language = language_of(ctx.accept_language)
        return WithHeaders(render(parts, language), language_headers(language))

    async def _optional_parts(
        self, ctx: RequestContext, batch: Fetched[BatchWithEssays]
    ) -> BatchDetailParts:
        disabled, batch_id = self.disabled, batch.value.batch_id
        async with fan_out() as group:
            class_name = group.create_task(
                optional_unless_disabled(
                    disabled, "class_name", lambda: self.classes.of_batches(ctx, [batch_id])
                )
            )
            student_names = group.create_task(
                optional_unless_disabled(
                    disabled, "student_names", lambda: self.students.of_batch(ctx, batch_id)
                )
            )
            states = group.create_task(self.states.read(ctx, [batch.value], finished=True))
            titles = group.create_task(read_titles(disabled, self.titles, ctx, [batch_id]))
            file_state = await optional_unless_disabled(
                disabled, "file_state", lambda: self.files.state(ctx, batch_id)
            )
        return BatchDetailParts(
            batch,
            states.result(),
            class_name.result(),
            student_names.result(),
            file_state,
            titles.result(),
        )


def render(parts: BatchDetailParts, language: LanguageV1) -> TeacherBatchDetailV1:
    """The join."""
    batch = parts.batch.value
    rows = rank_essays(batch.essays)
    essays = _essays(rows, value_of(parts.student_names) or [], language)
    file_state = value_of(parts.file_state)
    truth = parts.states.truth_of(batch, file_state.lock_status if file_state else UNKNOWN)
    known_class = _known_class(batch, value_of(parts.class_name))
    item = dashboard_item(batch, truth, known_class, value_of(parts.titles))
    shared: dict[str, Any] = {one.name: getattr(item, one.name) for one in fields(item)}
    return TeacherBatchDetailV1(
        **shared,
        ranked_essays=count_ranked(rows),
        results=statistics_of(rows, is_final=truth.is_final),
        file_state=_file_state(file_state),
        failures=count_failures(failure for essay in essays for failure in essay.failures),
        essays=essays,
        skipped=batch.skipped + len(batch.essays) - len(rows),
        parts=_described(parts),
    )


def _known_class(batch: BatchSummary, infos: ClassInfos | None) -> ClassInfo | None:
    info = (infos or {}).get(batch.batch_id.lower())
    return info if info and is_uuid(info.class_id) else None


def _described(parts: BatchDetailParts) -> list[PartV1]:
    return describe_parts(
        {
            "batch": parts.batch,
            "class_name": parts.class_name,
            "student_names": parts.student_names,
            "file_state": parts.file_state,
            **state_parts(parts.states),
            "titles": parts.titles,
        }
    )


def _essays(
    rows: Iterable[RankedEssay], names: Iterable[StudentOfEssay], language: LanguageV1
) -> list[BatchEssayV1]:
    matches = {match.essay_id.lower(): match for match in names}
    essays = []
    for row in rows:
        storage_id = row.essay.spellcheck_corrected_text_storage_id
        essays.append(
            essay_dto(
                BatchEssayV1,
                row,
                matches.get(row.essay.essay_id.lower()),
                language,
                spellcheck_corrected_text_storage_id=(
                    storage_id if storage_id and is_storage_id(storage_id) else None
                ),
            )
        )
    return essays


def _file_state(state: FileState | None) -> FileStateV1 | None:
    if state is None:
        return None
    lock = state.lock_status
    return FileStateV1(
        locked=lock.locked,
        locked_at=as_utc_or_none(lock.locked_at),
        verified=lock.verified,
        running_phase=lock.running_phase,
    )
