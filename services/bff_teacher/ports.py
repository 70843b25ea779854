"""What the screens need of the platform, one port per need."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from bff_core.composition import Fetched
from bff_core.context import RequestContext, UserId
from bff_core.errors import DownstreamFailed
from services.bff_teacher.contracts.cms import ClassInfos, ClassPage
from services.bff_teacher.contracts.cms_associations import AssociationPage, ConfirmItem
from services.bff_teacher.contracts.cms_students import Roster, StudentOfEssay
from services.bff_teacher.contracts.files import FileState
from services.bff_teacher.contracts.identity import Profile
from services.bff_teacher.contracts.ras import BatchPage
from services.bff_teacher.contracts.ras_batch import BatchWithEssays, OwnedEssay


class Results(Protocol):
    """The caller's batches. Every method raises DownstreamError when RAS lets us down."""

    async def batches(
        self, ctx: RequestContext, *, limit: int, offset: int, word: str | None = None
    ) -> Fetched[BatchPage]:
        """A page, newest first; `word` is one of RAS's internal status words."""
        ...

    async def newest(self, ctx: RequestContext) -> Fetched[BatchPage]:
        """The newest 100, read at most once a minute for each user."""
        ...

    def newest_at_hand(self, ctx: RequestContext) -> Fetched[BatchPage] | None:
        """The same when it need not be waited for."""
        ...

    async def awaiting_review(self, ctx: RequestContext) -> Fetched[BatchPage]:
        """The newest 100 with student matches to review, read as seldom as `newest`."""
        ...


class Classes(Protocol):
    """The caller's classes. Every method raises DownstreamError when CMS lets us down."""

    async def of_teacher(
        self, ctx: RequestContext, *, limit: int, offset: int = 0
    ) -> Fetched[ClassPage]:
        """A page, newest first."""
        ...

    async def of_batches(
        self, ctx: RequestContext, batch_ids: Sequence[str]
    ) -> Fetched[ClassInfos]:
        """The class of each batch, by batch id in lower case; ids must be UUIDs."""
        ...


class Profiles(Protocol):
    async def mine(self, ctx: RequestContext) -> Fetched[Profile]:
        """The caller's names and locale.

        Raises:
            DownstreamError: Identity lets us down, or does not know the caller.
        """
        ...


class Batches(Protocol):
    """Anybody's batches: whoever asks looks at the owner before anything else.

    Every method raises DownstreamError when RAS lets us down.
    """

    async def one(self, ctx: RequestContext, batch_id: str) -> Fetched[BatchWithEssays]:
        """A batch with its essays.

        Raises:
            NotFound: RAS knows no such batch, or not yet (`details.reason`).
        """
        ...

    async def essay(
        self, ctx: RequestContext, batch_id: str, essay_id: str
    ) -> Fetched[OwnedEssay] | None:
        """An essay of a batch; None when RAS knows no such essay, or has no route for one."""
        ...


class Students(Protocol):
    """Anybody's pupils. Every method raises DownstreamError when CMS lets us down."""

    async def roster(self, ctx: RequestContext, class_id: str) -> Fetched[Roster]:
        """The students of a class, the placeholder included."""
        ...

    def roster_at_hand(self, ctx: RequestContext, class_id: str) -> Fetched[Roster] | None:
        """The same, when it can be had without asking anybody."""
        ...

    async def of_batch(self, ctx: RequestContext, batch_id: str) -> Fetched[list[StudentOfEssay]]:
        """Whom CMS takes for the writers, the placeholder included."""
        ...

    async def of_essay(self, ctx: RequestContext, essay_id: str) -> Fetched[StudentOfEssay | None]:
        """The same of one essay; None when there is no match."""
        ...


class Associations(Protocol):
    """Anybody's matches. Every method raises DownstreamError when CMS lets us down."""

    async def suggested(self, ctx: RequestContext, batch_id: str) -> Fetched[AssociationPage]:
        """The rows of a batch, decided or not; none for a batch that CMS does not know."""
        ...

    async def confirm(
        self, ctx: RequestContext, batch_id: str, items: Iterable[ConfirmItem]
    ) -> None:
        """End the review. It cannot be taken back, and each repeat counts anew."""
        ...


class Files(Protocol):
    async def state(self, ctx: RequestContext, batch_id: str) -> Fetched[FileState]:
        """Whether the batch takes files, and which phase runs.

        Raises:
            DownstreamError: The file service lets us down.
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
        """A stored text, what is no UTF-8 replaced.

        Raises:
            TextAbsent: There is none under this id.
            TextTooLarge: It has more than 1 MiB.
            DownstreamError: The content service lets us down.
        """
        ...


@dataclass(frozen=True, slots=True)
class CurrentFacts:
    """What a write is checked against: the same ports, never answered from a cache."""

    batches: Batches
    classes: Classes
    students: Students


class Outcome(StrEnum):
    """How an attempt to confirm ended: `NOT_SENT` leaves the way free, `UNKNOWN` does not."""

    STARTED = "started"
    CONFIRMED = "confirmed"
    NOT_SENT = "not_sent"
    UNKNOWN = "unknown"


Decisions = tuple[tuple[str, str | None], ...]
"""Essay and student, or None for nobody; in the order of the essays' ids."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try to confirm a batch; `number` counts from 1 and nobody else can take it."""

    batch_id: str
    number: int
    user_id: UserId
    decisions: Decisions
    key: str | None
    forced: bool
    started_at: datetime
    outcome: Outcome = Outcome.STARTED
    ended_at: datetime | None = None


class Confirmations(Protocol):
    """What was confirmed, kept where a crash cannot lose it.

    Every method raises Unavailable when that place cannot be used.
    """

    async def latest(self, batch_id: str) -> Attempt | None: ...

    async def begin(self, attempt: Attempt) -> bool:
        """Write the intent down; False when somebody else has this number."""
        ...

    async def end(self, attempt: Attempt, outcome: Outcome, at: datetime) -> Attempt:
        """Write down how it went."""
        ...
