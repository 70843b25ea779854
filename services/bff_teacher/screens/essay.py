"""Screen 3: one essay, from RAS's essay route where there is one, else from its batch."""

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import TypeVar

from bff_core.composition import Fetched, Missing, Part, WithHeaders, fan_out, optional
from bff_core.context import RequestContext
from bff_core.errors import DownstreamError, DownstreamFailed, NotFound
from services.bff_teacher.contracts.cms_students import StudentOfEssay
from services.bff_teacher.contracts.content import is_storage_id
from services.bff_teacher.contracts.ras_batch import BatchWithEssays, Essay, OwnedEssay
from services.bff_teacher.dto.essay_feedback_v1 import TeacherEssayFeedbackV1
from services.bff_teacher.dto.language_v1 import LanguageV1
from services.bff_teacher.ownership import require_own_batch
from services.bff_teacher.protocols import Batches, Students, Texts
from services.bff_teacher.screens.essay_rows import Placed, count_ranked, placed, shown
from services.bff_teacher.screens.failure_texts import language_headers, language_of
from services.bff_teacher.screens.ids import checked
from services.bff_teacher.screens.parts import asked, listed, value_of

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Found:
    """An essay of the caller's, and the batch that it stands in if that was to be had."""

    essay: Fetched[Essay]
    batch: Part[BatchWithEssays]


@dataclass(frozen=True, slots=True)
class Beside:
    """None when switched off; a text or a match that does not exist is a part that holds None."""

    text: Part[str | None] | None
    prompt: Part[str | None] | None
    student: Part[StudentOfEssay | None] | None


class EssayScreen:
    """Required: `essay`. Optional: `order`, `text`, `prompt`, `student`.

    RAS is asked for the essay and for its batch at once; when the essay route is away, or does not
    answer, the batch has to do, and when it does, only the essay's place needs the batch. Text,
    prompt and student follow, side by side: their ids, and the right to see them, come from RAS.
    """

    def __init__(
        self, batches: Batches, students: Students, texts: Texts, disabled: frozenset[str]
    ) -> None:
        self._batches = batches
        self._students = students
        self._texts = texts
        self._disabled = disabled

    async def load(
        self, ctx: RequestContext, batch_id: str, essay_id: str
    ) -> WithHeaders[TeacherEssayFeedbackV1]:
        """The essay, with its failures in the caller's language.

        Raises:
            NotFound: RAS knows no such batch, or not yet, or the batch has no such essay.
            NotAuthorized: The batch is somebody else's.
            DownstreamError: RAS did not give it.
        """
        batch_id, essay_id = checked(batch_id=batch_id, essay_id=essay_id)
        found = await self._found(ctx, batch_id, essay_id)
        beside = await self._beside(ctx, found)
        language = language_of(ctx.accept_language)
        order = None if "order" in self._disabled else found.batch
        answer = render(batch_id, found.essay, order, beside, language)
        return WithHeaders(answer, language_headers(language))

    async def _found(self, ctx: RequestContext, batch_id: str, essay_id: str) -> Found:
        async with fan_out() as group:
            batch = group.create_task(_outcome(self._batches.one(ctx, batch_id)))
            essay = await _outcome(self._batches.essay(ctx, batch_id, essay_id))
        return found_in(ctx, essay_id, essay, batch.result())

    async def _beside(self, ctx: RequestContext, found: Found) -> Beside:
        off, essay = self._disabled, found.essay.value
        async with fan_out() as group:
            text = group.create_task(asked(off, "text", lambda: self._text(ctx, essay)))
            prompt = group.create_task(self._prompt(ctx, found.batch))
            student = await asked(
                off, "student", lambda: self._students.of_essay(ctx, essay.essay_id)
            )
        return Beside(text.result(), prompt.result(), student)

    async def _text(self, ctx: RequestContext, essay: Essay) -> Fetched[str | None]:
        return await self._stored(ctx, essay.spellcheck_corrected_text_storage_id)

    async def _prompt(
        self, ctx: RequestContext, batch: Part[BatchWithEssays]
    ) -> Part[str | None] | None:
        if "prompt" in self._disabled:
            return None
        if isinstance(batch, Missing):
            return batch
        return await optional(self._stored(ctx, batch.value.prompt_storage_id))

    async def _stored(self, ctx: RequestContext, storage_id: str | None) -> Fetched[str | None]:
        if storage_id is None:
            return Fetched(None)
        if not is_storage_id(storage_id):
            raise DownstreamFailed("ras", reason="storage_id")
        return await self._texts.text(ctx, storage_id)


async def _outcome(call: Awaitable[T]) -> T | NotFound | DownstreamError:
    """What came of it; which failures matter is decided once both are known."""
    try:
        return await call
    except (NotFound, DownstreamError) as error:
        return error


def found_in(
    ctx: RequestContext,
    essay_id: str,
    essay: Fetched[OwnedEssay] | NotFound | DownstreamError | None,
    batch: Fetched[BatchWithEssays] | NotFound | DownstreamError,
) -> Found:
    """The essay from its own route, else from the batch, and only when it is the caller's.

    Raises:
        NotFound: There is no such batch, or no such essay in it.
        NotAuthorized: The batch is somebody else's.
        DownstreamError: Neither was to be had.
    """
    if isinstance(batch, Fetched):
        require_own_batch(batch.value.user_id, ctx.user_id, age=batch.age)
    if isinstance(essay, Fetched):
        require_own_batch(essay.value.user_id, ctx.user_id, age=essay.age)
        return Found(essay, batch if isinstance(batch, Fetched) else Missing(batch.code))
    if isinstance(batch, DownstreamError):
        raise batch.naming_part("essay")
    if isinstance(batch, NotFound):
        raise batch
    listed_there = next((one for one in batch.value.essays if one.essay_id == essay_id), None)
    if listed_there is None:
        raise NotFound
    return Found(batch.holding(listed_there), batch)


def render(
    batch_id: str,
    essay: Fetched[Essay],
    order: Part[BatchWithEssays] | None,
    beside: Beside,
    language: LanguageV1,
) -> TeacherEssayFeedbackV1:
    batch = value_of(order)
    rows = placed(batch.essays) if batch else []
    ids = [row.essay.essay_id for row in rows]
    own = essay.value.essay_id
    at = ids.index(own) if own in ids else None
    parts = {
        "essay": essay,
        "order": order,
        "text": beside.text,
        "prompt": beside.prompt,
        "student": beside.student,
    }
    return shown(
        TeacherEssayFeedbackV1,
        Placed(essay.value, None if at is None else rows[at].rank),
        value_of(beside.student),
        language,
        batch_id=batch_id,
        ranked_essays=count_ranked(rows) if batch else None,
        previous_essay_id=ids[at - 1] if at else None,
        next_essay_id=ids[at + 1] if at is not None and at + 1 < len(ids) else None,
        corrected_text=value_of(beside.text),
        prompt=value_of(beside.prompt),
        parts=listed(parts),
    )
