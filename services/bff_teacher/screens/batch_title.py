"""Title of one batch: reading and replacing what the teacher wrote."""

from dataclasses import dataclass

from bff_core.context import RequestContext
from bff_core.errors import PreconditionFailed, PreconditionRequired
from bff_core.etags import WithETag, matches_strongly, tags_in
from services.bff_teacher.dto.batch_title_v1 import BatchTitleV1, BatchTitleWriteV1
from services.bff_teacher.ports import Batches, BatchTitle, BatchWrites, CurrentFacts, Titles
from services.bff_teacher.screens.owned_batch import read_own_batch
from services.bff_teacher.screens.rows.batches import batch_code


@dataclass(frozen=True, slots=True)
class BatchTitleScreen:
    """RAS gives the owner before the database of titles is used."""

    batches: Batches
    facts: CurrentFacts
    titles: Titles
    writes: BatchWrites

    async def load(self, ctx: RequestContext, batch_id: str) -> WithETag[BatchTitleV1]:
        """The title as it is stored.

        Raises:
            NotFound: RAS knows no such batch, or not yet.
            NotAuthorized: It is another teacher's.
            RateLimited: Too many uses of the teacher's wait for the database.
            Unavailable: The database cannot be used.
            DownstreamError: RAS did not give the owner.
        """
        batch = await read_own_batch(self.batches, ctx, batch_id, part="owner")
        spelled_id = batch.value.batch_id
        return _answer(spelled_id, await self.titles.current(ctx, spelled_id))

    async def replace(
        self, ctx: RequestContext, batch_id: str, request: BatchTitleWriteV1, if_match: str | None
    ) -> WithETag[BatchTitleV1]:
        """Store the title; the one that is stored already is answered the same.

        Raises:
            PreconditionRequired: The request names no version.
            PreconditionFailed: The title is at another version.
            NotFound, NotAuthorized, RateLimited, Unavailable, DownstreamError: As in `load`.
        """
        batch = await read_own_batch(self.facts.batches, ctx, batch_id, part="owner")
        spelled_id = batch.value.batch_id
        current = await self.titles.current(ctx, spelled_id)
        if if_match is None:
            raise PreconditionRequired(details=_version(current))
        if current.text == request.title:
            return _answer(spelled_id, current)
        if not matches_strongly(_tag(current), tags_in("If-Match", if_match)):
            raise _overtaken(current)
        write = self._write(ctx, spelled_id, request.title, version=current.version)
        written = await self.writes.finish(write)
        if written is None:
            raise _overtaken(await self.titles.current(ctx, spelled_id))
        return _answer(spelled_id, written)

    async def _write(
        self, ctx: RequestContext, batch_id: str, text: str, *, version: int
    ) -> BatchTitle | None:
        written = await self.titles.replace(ctx, batch_id, text, version=version)
        if written is not None:
            await self.writes.written(ctx.user_id)
        return written


def _tag(title: BatchTitle) -> str:
    return f'"title-{title.version}"'


def _version(current: BatchTitle) -> dict[str, object]:
    return {"current_etag": _tag(current), "current_version": current.version}


def _overtaken(current: BatchTitle) -> PreconditionFailed:
    return PreconditionFailed(
        details=_version(current) | {"current_title": current.text or None},
        headers={"ETag": _tag(current)},
    )


def _answer(batch_id: str, title: BatchTitle) -> WithETag[BatchTitleV1]:
    body = BatchTitleV1(
        batch_id=batch_id,
        batch_code=batch_code(batch_id),
        title=title.text or None,
        version=title.version,
        updated_at=title.updated_at,
        etag=_tag(title),
    )
    return WithETag(body, _tag(title))
