"""Screen 2: one batch with its essays, its class, its students and its upload lock."""

from collections.abc import Iterable
from dataclasses import dataclass

from bff_core.clock import as_utc
from bff_core.composition import Fetched, Part, PartV1, WithHeaders, fan_out, required
from bff_core.context import RequestContext
from bff_core.errors import DownstreamFailed
from services.bff_teacher.contracts.cms import ClassInfo, ClassInfos
from services.bff_teacher.contracts.cms_students import StudentOfEssay
from services.bff_teacher.contracts.content import is_storage_id
from services.bff_teacher.contracts.files import FileState
from services.bff_teacher.contracts.ras_batch import BatchWithEssays
from services.bff_teacher.dto.batch_detail_v1 import BatchEssayV1, FileStateV1, TeacherBatchDetailV1
from services.bff_teacher.dto.batch_status_v1 import BatchStatusV1
from services.bff_teacher.dto.language_v1 import LanguageV1
from services.bff_teacher.ownership import require_own_batch
from services.bff_teacher.protocols import Batches, Classes, Files, Students
from services.bff_teacher.screens.batch_row import maybe_utc, progress
from services.bff_teacher.screens.essay_rows import Placed, count_ranked, placed, shown
from services.bff_teacher.screens.failure_texts import counted, language_headers, language_of
from services.bff_teacher.screens.ids import checked, is_uuid
from services.bff_teacher.screens.parts import asked, listed, value_of

_WORDS = frozenset(word.value for word in BatchStatusV1)


@dataclass(frozen=True, slots=True)
class Beside:
    """What is asked for once the batch is known to be the caller's; None when switched off."""

    class_name: Part[ClassInfos] | None
    student_names: Part[list[StudentOfEssay]] | None
    file_state: Part[FileState] | None


class BatchDetailScreen:
    """Required: `batch`. Optional: `class_name`, `student_names`, `file_state`.

    Nobody but RAS is asked before RAS has said whose the batch is; the rest runs side by side.
    """

    def __init__(
        self,
        batches: Batches,
        classes: Classes,
        students: Students,
        files: Files,
        disabled: frozenset[str],
    ) -> None:
        self._batches = batches
        self._classes = classes
        self._students = students
        self._files = files
        self._disabled = disabled

    async def load(self, ctx: RequestContext, batch_id: str) -> WithHeaders[TeacherBatchDetailV1]:
        """The batch, with its failures in the caller's language.

        Raises:
            NotFound: RAS knows no such batch, or not yet.
            NotAuthorized: It is somebody else's.
            DownstreamError: RAS did not give it.
        """
        (batch_id,) = checked(batch_id=batch_id)
        batch = await required("batch", self._batches.one(ctx, batch_id))
        require_own_batch(batch.value.user_id, ctx.user_id, age=batch.age)
        beside = await self._beside(ctx, batch_id)
        language = language_of(ctx.accept_language)
        return WithHeaders(render(batch, beside, language), language_headers(language))

    async def _beside(self, ctx: RequestContext, batch_id: str) -> Beside:
        off = self._disabled
        async with fan_out() as group:
            info = group.create_task(
                asked(off, "class_name", lambda: self._classes.of_batches(ctx, [batch_id]))
            )
            names = group.create_task(
                asked(off, "student_names", lambda: self._students.of_batch(ctx, batch_id))
            )
            state = await asked(off, "file_state", lambda: self._files.state(ctx, batch_id))
        return Beside(info.result(), names.result(), state)


def render(
    reading: Fetched[BatchWithEssays], beside: Beside, language: LanguageV1
) -> TeacherBatchDetailV1:
    """The join.

    Raises:
        DownstreamFailed: The batch is in a state that has no word of ours.
    """
    batch = reading.value
    if batch.overall_status not in _WORDS:
        raise DownstreamFailed("ras", reason="unknown_status").naming_part("batch")
    parts = {
        "batch": reading,
        "class_name": beside.class_name,
        "student_names": beside.student_names,
        "file_state": beside.file_state,
    }
    return _detail(batch, beside, language, listed(parts))


def _detail(
    batch: BatchWithEssays, beside: Beside, language: LanguageV1, parts: list[PartV1]
) -> TeacherBatchDetailV1:
    rows = placed(batch.essays)
    essays = _essays(rows, value_of(beside.student_names) or [], language)
    known = _known_class(batch, value_of(beside.class_name))
    lock = _lock(value_of(beside.file_state))
    final = batch.processing_completed_at is not None
    return TeacherBatchDetailV1(
        batch_id=batch.batch_id,
        title=batch.assignment_id or "Untitled Batch",
        overall_status=BatchStatusV1(batch.overall_status),
        requested_pipeline=batch.requested_pipeline,
        current_phase=batch.current_phase or (lock.running_phase if lock else None),
        is_final=final,
        created_at=as_utc(batch.created_at),
        last_updated=as_utc(batch.last_updated),
        completed_at=maybe_utc(batch.processing_completed_at),
        total_essays=batch.essay_count,
        completed_essays=batch.completed_essay_count,
        failed_essays=batch.failed_essay_count,
        progress_percent=progress(batch, final=final),
        ranked_essays=count_ranked(rows),
        class_id=known.class_id if known else None,
        class_name=known.class_name if known else None,
        file_state=lock,
        failures=counted(failure for essay in essays for failure in essay.failures),
        essays=essays,
        skipped=batch.skipped + len(batch.essays) - len(rows),
        parts=parts,
    )


def _essays(
    rows: Iterable[Placed], names: Iterable[StudentOfEssay], language: LanguageV1
) -> list[BatchEssayV1]:
    matches = {match.essay_id: match for match in names}
    return [
        shown(
            BatchEssayV1,
            row,
            matches.get(row.essay.essay_id),
            language,
            spellcheck_corrected_text_storage_id=_storage_id(row),
        )
        for row in rows
    ]


def _storage_id(row: Placed) -> str | None:
    storage_id = row.essay.spellcheck_corrected_text_storage_id
    return storage_id if storage_id and is_storage_id(storage_id) else None


def _known_class(batch: BatchWithEssays, infos: ClassInfos | None) -> ClassInfo | None:
    info = (infos or {}).get(batch.batch_id.lower())
    return info if info and is_uuid(info.class_id) else None


def _lock(state: FileState | None) -> FileStateV1 | None:
    if state is None:
        return None
    status = state.lock_status
    return FileStateV1(
        locked=status.locked,
        locked_at=maybe_utc(status.locked_at),
        verified=status.verified,
        running_phase=status.running_phase,
    )
