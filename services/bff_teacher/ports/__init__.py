"""Ports: the reads and writes that the screens need from the platform."""

from collections.abc import Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

from bff_core.composition import Fetched
from bff_core.context import RequestContext, UserId
from bff_core.errors import DownstreamFailed
from services.bff_teacher.contracts.bos import PipelineState
from services.bff_teacher.contracts.cms import (
    AssociationPage,
    ClassInfos,
    ClassPage,
    ConfirmItem,
    Roster,
    StudentOfEssay,
    ValidationStatuses,
)
from services.bff_teacher.contracts.entitlements import Balance
from services.bff_teacher.contracts.files import FileState
from services.bff_teacher.contracts.identity import IdentityProfile
from services.bff_teacher.contracts.ras import BatchPage, BatchWithEssays, OwnedEssay

T = TypeVar("T")


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


class Credits(Protocol):
    async def balance(self, ctx: RequestContext) -> Fetched[Balance]:
        """The caller's balance; a zero is one.

        Raises:
            DownstreamError: Entitlements fails, or gives a zero that it does not confirm.
        """
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


OTHER_OWNER = "other_owner"
"""Reason of the failure of a read whose answer names another owner."""


class Pipelines(Protocol):
    async def of_batch(
        self, ctx: RequestContext, batch_id: str, *, max_age: float | None = None
    ) -> Fetched[PipelineState | None]:
        """The phases of the caller's batch; None when BOS knows no such batch.

        `max_age` bounds in seconds how old they may be; unset, the settings do.

        Raises:
            DownstreamError: BOS fails, or names another owner.
        """
        ...


class Reviews(Protocol):
    """Matches that wait for their teacher. Every method raises DownstreamError when CMS fails.

    `max_age` is that of `Pipelines`.
    """

    async def of_batches(
        self, ctx: RequestContext, batch_ids: Sequence[str], *, max_age: float | None = None
    ) -> Fetched[ValidationStatuses] | None:
        """Counts by batch id; None when CMS has no such route. Ids must be UUIDs."""
        ...

    async def rows_of(
        self, ctx: RequestContext, batch_id: str, *, max_age: float | None = None
    ) -> Fetched[AssociationPage]:
        """The rows of a batch, decided or not."""
        ...

    async def students_of(
        self, ctx: RequestContext, batch_id: str, *, max_age: float | None = None
    ) -> Fetched[list[StudentOfEssay]]:
        """The students matched with a batch's essays, the placeholder included."""
        ...


class Files(Protocol):
    async def state(self, ctx: RequestContext, batch_id: str) -> Fetched[FileState]:
        """The batch's upload lock and its running phase.

        Raises:
            DownstreamError: The file service fails.
        """
        ...


class TextAbsent(DownstreamFailed, code="RESOURCE_NOT_FOUND"):
    message = "There is no text under this id"


class TextTooLarge(DownstreamFailed, code="TOO_LARGE"):
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

    async def store(self, ctx: RequestContext, text: str) -> str:
        """Store a text, each time under a new id; the id.

        Raises:
            DownstreamError: The content service fails.
        """
        ...


@dataclass(frozen=True, slots=True)
class BatchTitle:
    """A teacher's title of a batch; empty at version 0, before the first, and when cleared."""

    text: str = ""
    version: int = 0
    updated_at: datetime | None = None


TitleByBatch = Mapping[str, BatchTitle]
"""Titles by batch id in lower case; batches that never had one are absent."""


class Titles(Protocol):
    """Titles of any batch: callers check the owner first. They never leave this service's database.

    Every method raises Unavailable when the database cannot be used.
    """

    async def of_batches(
        self, ctx: RequestContext, batch_ids: Sequence[str]
    ) -> Fetched[TitleByBatch]:
        """The titles of a page of batches, at most two seconds old."""
        ...

    async def current(self, ctx: RequestContext, batch_id: str) -> BatchTitle:
        """The title as it is stored now.

        Raises:
            RateLimited: Too many uses of the caller wait for a connection.
        """
        ...

    async def replace(
        self, ctx: RequestContext, batch_id: str, text: str, *, version: int
    ) -> BatchTitle | None:
        """Store the title after `version`; None when that is not the stored version.

        Raises:
            RateLimited: Too many uses of the caller wait for a connection.
        """
        ...


class ForgettableReads(Protocol):
    def forget(self, user_id: UserId | None) -> None:
        """Drop a user's reads, or those of all users, from this process."""
        ...


class CachedReads(Protocol):
    """Cached reads of batches, of their titles, and of what CMS and the file service know of them."""

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

    async def finish(self, write: Coroutine[Any, Any, T]) -> T:
        """The result of a write, which goes on to its end when the caller disconnects.

        Raises:
            Unavailable: The process stops.
        """
        ...


@dataclass(frozen=True, slots=True)
class CurrentFacts:
    """Uncached ports, against which a write is checked."""

    batches: Batches
    classes: Classes
    students: Students
    results: Results
