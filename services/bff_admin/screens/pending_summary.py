"""Counts the accounts that wait for approval."""

from bff_core.composition import Fetched
from bff_core.context import RequestContext
from services.bff_admin.dto.overview_v1 import PendingSummaryV1
from services.bff_admin.ports import Accounts

MAX_PAGES = 5
PAGE_SIZE = 100


async def pending_summary(accounts: Accounts, ctx: RequestContext) -> Fetched[PendingSummaryV1]:
    """Count page by page up to `MAX_PAGES`, as Identity gives no total.

    Raises:
        BffError: A call of Identity fails, or is refused.
    """
    count, oldest, cursor = 0, None, None
    for _ in range(MAX_PAGES):
        query = {"limit": str(PAGE_SIZE)} | ({"cursor": cursor} if cursor else {})
        page = await accounts.pending(ctx, query)
        if count == 0 and page.users:
            # The longest waiting account comes first.
            oldest = page.users[0].waiting_seconds
        count += len(page.users)
        cursor = page.next_cursor
        if cursor is None:
            break
    summary = PendingSummaryV1(count=count, is_exact=cursor is None, oldest_waiting_seconds=oldest)
    return Fetched(summary)
