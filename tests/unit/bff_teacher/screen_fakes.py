"""In-memory fakes of the ports of screens 2 to 4."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import msgspec

from bff_core.composition import Fetched
from bff_core.context import RequestContext, UserId
from bff_core.errors import BffError, DownstreamError, NotFound, Unavailable
from services.bff_teacher.confirmations.model import Attempt, ConfirmOutcome
from services.bff_teacher.contracts.cms import (
    AssociationPage,
    AssociationRow,
    ConfirmItem,
    RosterStudent,
    StudentName,
    StudentOfEssay,
)
from services.bff_teacher.contracts.files import FileState, LockStatus
from services.bff_teacher.contracts.ras import BatchWithEssays, EssayRecord, OwnedEssay
from tests.unit.bff_teacher.fakes import START, a_batch


def essay_id(number: int) -> str:
    return f"e0000000-0000-4000-8000-{number:012d}"


def student_id(number: int) -> str:
    return f"50000000-0000-4000-8000-{number:012d}"


def an_essay(number: int, **changes: object) -> EssayRecord:
    essay = EssayRecord(
        essay_id=essay_id(number),
        filename=f"uppsats-{number:03d}.docx",
        last_updated=START + timedelta(minutes=number),
    )
    return msgspec.structs.replace(essay, **changes)


def a_whole_batch(
    number: int, essays: Iterable[EssayRecord] = (), prompt: object = None, **changes: object
) -> BatchWithEssays:
    row = msgspec.structs.asdict(a_batch(number, **changes))
    return BatchWithEssays(**row | {"essays": tuple(essays)}, student_prompt_ref=prompt)


def a_student(number: int, **changes: object) -> RosterStudent:
    student = RosterStudent(
        student_id=student_id(number), first_name=f"Elev{number}", last_name="Åberg"
    )
    return msgspec.structs.replace(student, **changes)


def a_match(essay: int, student: int, first: str = "Elev", last: str = "Åberg") -> StudentOfEssay:
    return StudentOfEssay(essay_id(essay), student_id(student), StudentName(first, last))


def a_row(essay: int, student: int) -> AssociationRow:
    return AssociationRow(
        essay_id=essay_id(essay), suggested_student_id=student_id(student), created_at=START
    )


@dataclass
class FakeBatches:
    """`failures` are errors by batch id; `age` is the age of every answer in seconds."""

    rows: list[BatchWithEssays] = field(default_factory=list)
    failures: dict[str, BffError] = field(default_factory=dict)
    has_essay_route: bool = False
    essay_down: DownstreamError | None = None
    age: float = 0.0

    async def get(self, ctx: RequestContext, batch_id: str) -> Fetched[BatchWithEssays]:
        if batch_id in self.failures:
            raise self.failures[batch_id]
        for row in self.rows:
            if row.batch_id == batch_id:
                return Fetched(row, self.age)
        raise NotFound

    async def get_essay(
        self, ctx: RequestContext, batch_id: str, essay_id: str
    ) -> Fetched[OwnedEssay] | None:
        if self.essay_down:
            raise self.essay_down
        for row in self.rows if self.has_essay_route else ():
            for essay in row.essays:
                if (row.batch_id, essay.essay_id) == (batch_id, essay_id):
                    fields = msgspec.structs.asdict(essay)
                    return Fetched(
                        OwnedEssay(**fields, batch_id=batch_id, user_id=row.user_id), self.age
                    )
        return None


@dataclass
class FakeAssociations:
    """Like CMS, it accepts anything, stores nothing, and may fail after it has acted."""

    rows: list[AssociationRow] = field(default_factory=list)
    skipped: int = 0
    down: DownstreamError | None = None
    confirm_fails: DownstreamError | None = None
    confirmed: list[tuple[str, list[ConfirmItem]]] = field(default_factory=list)

    async def suggested(self, ctx: RequestContext, batch_id: str) -> Fetched[AssociationPage]:
        if self.down:
            raise self.down
        return Fetched(AssociationPage(associations=self.rows, skipped=self.skipped))

    async def confirm(
        self, ctx: RequestContext, batch_id: str, items: Iterable[ConfirmItem]
    ) -> None:
        self.confirmed.append((batch_id, list(items)))
        if self.confirm_fails:
            raise self.confirm_fails


@dataclass
class FakeFiles:
    status: LockStatus = field(default_factory=lambda: LockStatus(locked=False))
    down: DownstreamError | None = None

    async def state(self, ctx: RequestContext, batch_id: str) -> Fetched[FileState]:
        if self.down:
            raise self.down
        return Fetched(FileState(self.status))


@dataclass
class FakeTexts:
    texts: dict[str, str] = field(default_factory=dict)
    down: DownstreamError | None = None
    requested: list[str] = field(default_factory=list)

    async def text(self, ctx: RequestContext, storage_id: str) -> Fetched[str]:
        self.requested.append(storage_id)
        if self.down:
            raise self.down
        return Fetched(self.texts[storage_id])

    async def store(self, ctx: RequestContext, text: str) -> str:
        if self.down:
            raise self.down
        storage_id = f"{len(self.texts) + 1:032x}"
        self.texts[storage_id] = text
        return storage_id


@dataclass
class MemoryConfirmations:
    """Passes the same contract tests as the real ledger. `down` names the methods that fail."""

    attempts: dict[str, list[Attempt]] = field(default_factory=dict)
    down: set[str] = field(default_factory=set)

    async def latest(self, batch_id: str, caller: UserId) -> Attempt | None:
        self._fail("latest")
        return next(reversed(self.attempts.get(batch_id, [])), None)

    async def begin(self, attempt: Attempt) -> bool:
        self._fail("begin")
        known = self.attempts.setdefault(attempt.batch_id, [])
        if any(one.number == attempt.number for one in known):
            return False
        known.append(attempt)
        return True

    async def end(self, attempt: Attempt, outcome: ConfirmOutcome, at: datetime) -> Attempt:
        self._fail("end")
        known = self.attempts[attempt.batch_id]
        ended = replace(attempt, outcome=outcome, ended_at=at)
        known[known.index(attempt)] = ended
        return ended

    def _fail(self, method: str) -> None:
        if method in self.down:
            raise Unavailable(details={"reason": "ledger_unavailable"})
