"""How many wait for approval, and how long the first of them has."""

from bff_core.composition import Fetched
from bff_core.context import RequestContext
from services.bff_admin.dto.overview_v1 import PendingSummaryV1
from services.bff_admin.ports import Accounts

PAGES = 5
A_PAGE = 100


async def pending_summary(accounts: Accounts, ctx: RequestContext) -> Fetched[PendingSummaryV1]:
    """Counted page by page: the source knows no total, and nobody reads further than this.

    Raises:
        BffError: Identity lets us down, or refuses this admin.
    """
    count, oldest, cursor = 0, None, None
    for _ in range(PAGES):
        query = {"limit": str(A_PAGE)} | ({"cursor": cursor} if cursor else {})
        page = await accounts.pending(ctx, query)
        if count == 0 and page.users:
            # Longest waiting first.
            oldest = page.users[0].waiting_seconds
        count += len(page.users)
        cursor = page.next_cursor
        if cursor is None:
            break
    summary = PendingSummaryV1(count=count, is_exact=cursor is None, oldest_waiting_seconds=oldest)
    return Fetched(summary)
