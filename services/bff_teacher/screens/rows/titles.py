"""Names of a batch on a screen: its title and its short code."""

from collections.abc import Sequence
from dataclasses import dataclass

from bff_core.composition import Missing, Part
from bff_core.context import RequestContext
from bff_core.errors import Unavailable
from services.bff_teacher.contracts.ras import BatchSummary
from services.bff_teacher.dto.batch_title_v1 import CODE_LENGTH, TitleSourceV1
from services.bff_teacher.ports import TitleByBatch, Titles
from services.bff_teacher.screens.parts import DisabledParts

NO_TITLE = "Untitled Batch"
"""The word of the platform's own teacher BFF, whose front end requires a text."""


@dataclass(frozen=True, slots=True)
class BatchNames:
    code: str
    title: str
    title_source: TitleSourceV1 | None


async def read_titles(
    disabled: DisabledParts, titles: Titles, ctx: RequestContext, batch_ids: Sequence[str]
) -> Part[TitleByBatch] | None:
    """The part `titles`: one query for all of a page."""
    if "titles" in disabled:
        return None
    try:
        return await titles.of_batches(ctx, batch_ids)
    except Unavailable as error:
        return Missing(error.code)


def batch_code(batch_id: str) -> str:
    """The first digits of the batch's UUID."""
    return batch_id[:CODE_LENGTH].upper()


def names_of(batch: BatchSummary, titles: TitleByBatch | None) -> BatchNames:
    """The teacher's title, else the assignment's; `titles` are None while they are not known."""
    code, given = batch_code(batch.batch_id), (titles or {}).get(batch.batch_id.lower())
    if given and given.text:
        return BatchNames(code, given.text, "teacher")
    if batch.assignment_id:
        return BatchNames(code, batch.assignment_id, "assignment")
    return BatchNames(code, NO_TITLE, None)
