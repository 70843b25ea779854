"""What the screens need of the platform, one port per need."""

from collections.abc import Sequence
from typing import Protocol

from bff_core.composition import Reading
from bff_core.context import RequestContext
from services.bff_teacher.contracts.cms import ClassInfos, ClassPage
from services.bff_teacher.contracts.identity import Profile
from services.bff_teacher.contracts.ras import BatchPage


class Results(Protocol):
    """The caller's batches. Every method raises DownstreamError when RAS lets us down."""

    async def batches(
        self, ctx: RequestContext, *, limit: int, offset: int, word: str | None = None
    ) -> Reading[BatchPage]:
        """A page, newest first; `word` is one of RAS's internal status words."""
        ...

    async def newest(self, ctx: RequestContext) -> Reading[BatchPage]:
        """The newest 100, read at most once a minute for each user."""
        ...

    async def awaiting_review(self, ctx: RequestContext) -> Reading[BatchPage]:
        """The newest 100 with student matches to review, read as seldom as `newest`."""
        ...


class Classes(Protocol):
    """The caller's classes. Every method raises DownstreamError when CMS lets us down."""

    async def of_teacher(
        self, ctx: RequestContext, *, limit: int, offset: int = 0
    ) -> Reading[ClassPage]:
        """A page, newest first."""
        ...

    async def of_batches(
        self, ctx: RequestContext, batch_ids: Sequence[str]
    ) -> Reading[ClassInfos]:
        """The class of each batch, by batch id in lower case; ids must be UUIDs."""
        ...


class Profiles(Protocol):
    async def mine(self, ctx: RequestContext) -> Reading[Profile]:
        """The caller's names and locale.

        Raises:
            DownstreamError: Identity lets us down, or does not know the caller.
        """
        ...
