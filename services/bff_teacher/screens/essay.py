"""Screen 3: one essay, from RAS's essay route where there is one, else from its batch."""

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from bff_core.composition import Fetched, Missing, Part, WithHeaders, fan_out, optional
from bff_core.context import RequestContext
from bff_core.errors import DownstreamError, DownstreamFailed, NotFound
from services.bff_teacher.contracts.cms import StudentOfEssay
from services.bff_teacher.contracts.content import is_storage_id
from services.bff_teacher.contracts.ras import BatchWithEssays, EssayRecord, OwnedEssay
from services.bff_teacher.dto.essay_feedback_v1 import TeacherEssayFeedbackV1
from services.bff_teacher.dto.language_v1 import LanguageV1
from services.bff_teacher.events.model import NO_EVENTS, Grade, KnownEvents
from services.bff_teacher.ownership import require_own_batch
from services.bff_teacher.ports import Batches, Students, Texts
from services.bff_teacher.screens.failure_texts import language_headers, language_of
from services.bff_teacher.screens.ids import require_uuids
from services.bff_teacher.screens.parts import (
    DisabledParts,
    describe_parts,
    optional_unless_disabled,
    value_of,
)
from services.bff_teacher.screens.rows.essays import (
    RankedEssay,
    count_ranked,
    essay_dto,
    grade_dto,
    rank_essays,
    read_grades,
    score_of,
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class EssayParts:
    """In the order of the answer's `parts`; None when disabled.

    A text or a student that does not exist is a part whose value is None.
    """

    essay: Fetched[EssayRecord]
    order: Part[BatchWithEssays] | None = None
    text: Part[str | None] | None = None
    prompt: Part[str | None] | None = None
    student: Part[StudentOfEssay | None] | None = None
    events: Part[Mapping[str, Grade]] | None = None


@dataclass(frozen=True, slots=True)
class EssayScreen:
    """Required: `essay`. Optional: `order`, `text`, `prompt`, `student`, `events`.

    The essay and its batch are read from RAS concurrently. Without the essay route the essay comes
    from the batch; with it, a failed batch costs only `order` and `prompt`. Text, prompt and
    student follow concurrently: their ids, and the right to see them, come from RAS.
    """

    batches: Batches
    students: Students
    texts: Texts
    disabled: DisabledParts
    events: KnownEvents = NO_EVENTS

    async def load(
        self, ctx: RequestContext, batch_id: str, essay_id: str
    ) -> WithHeaders[TeacherEssayFeedbackV1]:
        """The essay, with its failures in the caller's language.

        Raises:
            NotFound: RAS knows no such batch, or not yet, or the batch has no such essay.
            NotAuthorized: The batch is another teacher's.
            DownstreamError: RAS did not give it.
        """
        batch_id, essay_id = require_uuids(batch_id=batch_id, essay_id=essay_id)
        async with fan_out() as group:
            batch_task = group.create_task(_result_or_error(self.batches.get(ctx, batch_id)))
            own_route = await _result_or_error(self.batches.get_essay(ctx, batch_id, essay_id))
        essay, batch = select_essay(ctx, essay_id, own_route, batch_task.result())
        parts = await self._optional_parts(ctx, batch_id, essay, batch)
        language = language_of(ctx.accept_language)
        spelled_id = batch.value.batch_id if isinstance(batch, Fetched) else batch_id
        return WithHeaders(render(spelled_id, parts, language), language_headers(language))

    async def _optional_parts(
        self,
        ctx: RequestContext,
        batch_id: str,
        essay: Fetched[EssayRecord],
        batch: Part[BatchWithEssays],
    ) -> EssayParts:
        disabled = self.disabled
        text_id = essay.value.spellcheck_corrected_text_storage_id
        async with fan_out() as group:
            text = group.create_task(
                optional_unless_disabled(disabled, "text", lambda: self._stored_text(ctx, text_id))
            )
            prompt = group.create_task(self._prompt(ctx, batch))
            grades = group.create_task(read_grades(disabled, self.events, ctx, batch_id))
            student = await optional_unless_disabled(
                disabled, "student", lambda: self.students.of_essay(ctx, essay.value.essay_id)
            )
        order = None if "order" in disabled else batch
        return EssayParts(essay, order, text.result(), prompt.result(), student, grades.result())

    async def _prompt(
        self, ctx: RequestContext, batch: Part[BatchWithEssays]
    ) -> Part[str | None] | None:
        if "prompt" in self.disabled:
            return None
        if isinstance(batch, Missing):
            return batch
        return await optional(self._stored_text(ctx, batch.value.prompt_storage_id))

    async def _stored_text(
        self, ctx: RequestContext, storage_id: str | None
    ) -> Fetched[str | None]:
        if storage_id is None:
            return Fetched(None)
        if not is_storage_id(storage_id):
            raise DownstreamFailed("ras", reason="storage_id")
        return await self.texts.text(ctx, storage_id)


async def _result_or_error(call: Awaitable[T]) -> T | NotFound | DownstreamError:
    """Either; `select_essay` decides which errors matter once both calls have ended."""
    try:
        return await call
    except (NotFound, DownstreamError) as error:
        return error


def select_essay(
    ctx: RequestContext,
    essay_id: str,
    own_route: Fetched[OwnedEssay] | NotFound | DownstreamError | None,
    batch: Fetched[BatchWithEssays] | NotFound | DownstreamError,
) -> tuple[Fetched[EssayRecord], Part[BatchWithEssays]]:
    """The essay from its own route, else from the batch, and only when it is the caller's.

    Raises:
        NotFound: There is no such batch, or no such essay in it.
        NotAuthorized: The batch is another teacher's.
        DownstreamError: RAS gave neither.
    """
    if isinstance(batch, Fetched):
        require_own_batch(batch.value.user_id, ctx.user_id, age=batch.age)
    if isinstance(own_route, Fetched):
        require_own_batch(own_route.value.user_id, ctx.user_id, age=own_route.age)
        return own_route, batch if isinstance(batch, Fetched) else Missing(batch.code)
    if isinstance(batch, DownstreamError):
        raise batch.naming_part("essay")
    if isinstance(batch, NotFound):
        raise batch
    wanted = essay_id.lower()
    essay = next((one for one in batch.value.essays if one.essay_id.lower() == wanted), None)
    if essay is None:
        raise NotFound
    return batch.holding(essay), batch


def render(batch_id: str, parts: EssayParts, language: LanguageV1) -> TeacherEssayFeedbackV1:
    """The join; without `order`, the rank and the neighbours are null."""
    essay = parts.essay.value
    batch = value_of(parts.order)
    rows = rank_essays(batch.essays) if batch else []
    ids = [row.essay.essay_id for row in rows]
    places = {one.lower(): place for place, one in enumerate(ids)}
    index = places.get(essay.essay_id.lower())
    return essay_dto(
        TeacherEssayFeedbackV1,
        RankedEssay(essay, score_of(essay), None if index is None else rows[index].rank),
        value_of(parts.student),
        language,
        batch_id=batch_id,
        ranked_essays=count_ranked(rows) if batch else None,
        previous_essay_id=ids[index - 1] if index else None,
        next_essay_id=ids[index + 1] if index is not None and index + 1 < len(ids) else None,
        corrected_text=value_of(parts.text),
        prompt=value_of(parts.prompt),
        grade=grade_dto((value_of(parts.events) or {}).get(essay.essay_id.lower())),
        parts=describe_parts(
            {
                "essay": parts.essay,
                "order": parts.order,
                "text": parts.text,
                "prompt": parts.prompt,
                "student": parts.student,
                "events": parts.events,
            }
        ),
    )
