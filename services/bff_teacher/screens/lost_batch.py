"""The batch of a creation that ended before its answer was recorded."""

from collections.abc import Sequence
from datetime import timedelta

from bff_core.clock import as_utc
from bff_core.composition import required
from bff_core.context import RequestContext
from services.bff_teacher.confirmations.creation import Creation, CreationOutcome, Creations
from services.bff_teacher.contracts.ras import BatchSummary
from services.bff_teacher.ports import CurrentFacts
from services.bff_teacher.screens.rows.pages import visible_batches
from services.bff_teacher.screens.rows.search import SEARCHED_AT_A_TIME

EARLIEST = timedelta(seconds=-5)
LATEST = timedelta(seconds=90)
"""Times from the start of a creation between which RAS may say that the batch was made."""
MAX_CANDIDATES = 5


async def find_lost_batch(
    facts: CurrentFacts, ledger: Creations, ctx: RequestContext, creation: Creation
) -> str | None:
    """The id of the one batch that fits; None also when another submission may have made it.

    The platform keeps no mark of a submission. The storage id of the instructions is one, if there
    are any; without them, owner, number of essays and time must do.

    Raises:
        DownstreamError: RAS does not answer.
    """
    page = await required("batches", facts.results.page(ctx, limit=SEARCHED_AT_A_TIME, offset=0))
    # After the page: what is on it was made by submissions that the ledger has by now.
    others = [one for one in await ledger.latest(ctx.user_id) if one.key != creation.key]
    known = {one.batch_id for one in others}
    candidates = [
        row
        for row in visible_batches(page.value, ctx.user_id)
        if row.batch_id.lower() not in known and _fits(row, creation)
    ]
    if len(candidates) > MAX_CANDIDATES:
        return None
    fitting = await _with_instructions(facts, ctx, candidates, creation.storage_id)
    if len(fitting) != 1 or any(_may_have_made(fitting[0], one, creation) for one in others):
        return None
    return fitting[0].batch_id


def _may_have_made(row: BatchSummary, other: Creation, creation: Creation) -> bool:
    """True for another submission of which nobody knows either what it has made."""
    is_open = other.outcome in {CreationOutcome.SENDING, CreationOutcome.UNKNOWN}
    return is_open and other.storage_id == creation.storage_id and _fits(row, other)


def _fits(row: BatchSummary, creation: Creation) -> bool:
    age = as_utc(row.created_at) - creation.started_at
    return row.essay_count == creation.essay_count and EARLIEST <= age <= LATEST


async def _with_instructions(
    facts: CurrentFacts,
    ctx: RequestContext,
    rows: Sequence[BatchSummary],
    storage_id: str | None,
) -> list[BatchSummary]:
    found = []
    for row in rows:
        whole = await required("batches", facts.batches.get(ctx, row.batch_id))
        if whole.value.prompt_storage_id == storage_id:
            found.append(row)
    return found
