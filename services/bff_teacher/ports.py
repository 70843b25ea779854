"""Ports: the reads and writes that the screens need from the platform."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from bff_core.composition import Fetched
from bff_core.context import RequestContext, UserId
from bff_core.errors import DownstreamFailed
from services.bff_teacher.contracts.cms import (
    AssociationPage,
    ClassInfos,
    ClassPage,
    ConfirmItem,
    Roster,
    StudentOfEssay,
)
from services.bff_teacher.contracts.files import FileState
from services.bff_teacher.contracts.identity import IdentityProfile
from services.bff_teacher.contracts.ras import BatchPage, BatchWithEssays, OwnedEssay


class Results(Protocol):
    """Batches of the caller. Every method raises DownstreamError when RAS fails."""

    async def page(
        self, ctx: RequestContext, *, limit: int, offset: int, status: str | None = None
    ) -> Fetched[BatchPage]:
        """A page, newest first; `status` is one of RAS's internal statuses."""
        ...

    async def newest(self, ctx: RequestContext) -> Fetched[BatchPage]:
        """The newest 100, read at most once a minute for each user."""
        ...

    async def awaiting_review(self, ctx: RequestContext) -> Fetched[BatchPage]:
        """The newest 100 with student matches to review, read as seldom as `newest`."""
        ...


class Classes(Protocol):
    """Classes of the caller. Every method raises DownstreamError when CMS fails."""

    async def page(self, ctx: RequestContext, *, limit: int, offset: int = 0) -> Fetched[ClassPage]:
        """A page, newest first."""
        ...

    async def of_batches(
        self, ctx: RequestContext, batch_ids: Sequence[str]
    ) -> Fetched[ClassInfos]:
        """The class of each batch, by batch id in lower case; ids must be UUIDs."""
        ...


class UserProfiles(Protocol):
    async def get(self, ctx: RequestContext) -> Fetched[IdentityProfile | None]:
        """The caller's names and locale; None for a person without a profile.

        Raises:
            DownstreamError: Identity fails.
        """
        ...


class Batches(Protocol):
    """Batches of any user: callers check the owner first.

    Every method raises DownstreamError when RAS fails.
    """

    async def get(self, ctx: RequestContext, batch_id: str) -> Fetched[BatchWithEssays]:
        """A batch with its essays.

        Raises:
            NotFound: RAS knows no such batch, or not yet (`details.reason`).
        """
        ...

    async def get_essay(
        self, ctx: RequestContext, batch_id: str, essay_id: str
    ) -> Fetched[OwnedEssay] | None:
        """An essay of a batch; None when RAS knows no such essay, or has no route for one."""
        ...


class Students(Protocol):
    """Students of any class or batch. Every method raises DownstreamError when CMS fails."""

    async def roster(self, ctx: RequestContext, class_id: str) -> Fetched[Roster]:
        """The students of a class, the placeholder included."""
        ...

    async def of_batch(self, ctx: RequestContext, batch_id: str) -> Fetched[list[StudentOfEssay]]:
        """The students matched with a batch's essays, the placeholder included."""
        ...

    async def of_essay(self, ctx: RequestContext, essay_id: str) -> Fetched[StudentOfEssay | None]:
        """The student matched with an essay; None when there is no match."""
        ...


class Associations(Protocol):
    """Matches of any batch. Every method raises DownstreamError when CMS fails."""

    async def suggested(self, ctx: RequestContext, batch_id: str) -> Fetched[AssociationPage]:
        """The rows of a batch, decided or not; none for a batch that CMS does not know."""
        ...

    async def confirm(
        self, ctx: RequestContext, batch_id: str, items: Iterable[ConfirmItem]
    ) -> None:
        """End the review. It cannot be taken back, and CMS acts again on each repeat."""
        ...


class Files(Protocol):
    async def state(self, ctx: RequestContext, batch_id: str) -> Fetched[FileState]:
        """The batch's upload lock and its running phase.

        Raises:
            DownstreamError: The file service fails.
        """
        ...


class TextAbsent(DownstreamFailed):
    code = "RESOURCE_NOT_FOUND"
    message = "There is no text under this id"


class TextTooLarge(DownstreamFailed):
    code = "TOO_LARGE"
    message = "The text is too large to be shown"


class Texts(Protocol):
    async def text(self, ctx: RequestContext, storage_id: str) -> Fetched[str]:
        """A stored text; bytes that are not UTF-8 are replaced.

        Raises:
            TextAbsent: There is no text under this id.
            TextTooLarge: It has more than 1 MiB.
            DownstreamError: The content service fails.
        """
        ...


class CachedReads(Protocol):
    """Cached reads of batches and of what CMS and the file service know of them."""

    def forget(self, user_id: UserId | None) -> None:
        """Drop a user's reads, or those of all users, from this process.

        Reads in flight are neither stored nor joined by later ones.
        """
        ...

    def forget_activity(self, user_id: UserId) -> None:
        """Drop the activity of classes alone."""
        ...

    async def invalidate(self, user_id: UserId) -> None:
        """Drop a user's reads from this process and from the shared cache."""
        ...


class BatchWrites(Protocol):
    async def written(self, user_id: UserId) -> None:
        """Drop what a write of the user has changed on all replicas, and read it again."""
        ...


@dataclass(frozen=True, slots=True)
class CurrentFacts:
    """Uncached ports, against which a write is checked."""

    batches: Batches
    classes: Classes
    students: Students
