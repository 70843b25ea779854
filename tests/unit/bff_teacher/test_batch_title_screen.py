"""A title is the owner's to read and to write, once for each version."""

import pytest
from pydantic import ValidationError

from bff_core.composition import Fetched
from bff_core.context import RequestContext
from bff_core.errors import (
    DownstreamUnreachable,
    InvalidRequest,
    NotAuthorized,
    NotFound,
    PreconditionFailed,
    PreconditionRequired,
    Unavailable,
    ValidationFailed,
)
from services.bff_teacher.contracts.ras import BatchWithEssays
from services.bff_teacher.dto.batch_title_v1 import BatchTitleV1, BatchTitleWriteV1
from services.bff_teacher.ports import BatchTitle, CurrentFacts
from services.bff_teacher.screens.batch_title import BatchTitleScreen
from tests.unit.bff_teacher.fakes import (
    FakeClasses,
    FakeResults,
    FakeStudents,
    MemoryTitles,
    RecordingWrites,
    a_context,
    batch_id,
)
from tests.unit.bff_teacher.screen_fakes import FakeBatches, a_whole_batch

BATCH = batch_id(1)
OWN = FakeBatches([a_whole_batch(1)])
FIRST = '"title-0"'


class Desk:
    """The screen over its fakes; `current` is RAS without a cache."""

    def __init__(self, titles: MemoryTitles, current: FakeBatches = OWN) -> None:
        self.writes = RecordingWrites()
        facts = CurrentFacts(current, FakeClasses(), FakeStudents(), FakeResults())
        self.screen = BatchTitleScreen(OWN, facts, titles, self.writes)

    async def write(
        self, title: str, if_match: str | None = FIRST, batch: str = BATCH
    ) -> BatchTitleV1:
        request = BatchTitleWriteV1(title=title)
        answer = await self.screen.replace(a_context(), batch, request, if_match)
        assert answer.etag == answer.body.etag
        return answer.body

    async def read(self) -> BatchTitleV1:
        return (await self.screen.load(a_context(), BATCH)).body


async def test_a_title_that_nobody_has_given_is_null_at_version_zero() -> None:
    answer = await Desk(MemoryTitles()).read()

    assert (answer.title, answer.version, answer.etag) == (None, 0, FIRST)
    assert (answer.updated_at, answer.batch_code) == (None, "00000000")


async def test_a_title_is_stored_and_told_to_all_who_look() -> None:
    desk = Desk(MemoryTitles())

    written = await desk.write("  Krönikor, 9A ")

    assert (written.title, written.version) == ("Krönikor, 9A", 1)
    assert await desk.read() == written
    assert desk.writes.users == ["anna-1"]


async def test_an_empty_title_removes_it_and_keeps_its_version() -> None:
    desk = Desk(MemoryTitles())
    first = await desk.write("Krönikor")

    cleared = await desk.write(" ", first.etag)

    assert (cleared.title, cleared.version) == (None, 2)


async def test_a_write_names_the_version_it_has_read() -> None:
    desk = Desk(MemoryTitles({BATCH: BatchTitle("Krönikor", 4)}))

    with pytest.raises(PreconditionRequired) as unnamed:
        await desk.write("Nytt", None)
    with pytest.raises(PreconditionFailed) as overtaken:
        await desk.write("Nytt")
    with pytest.raises(InvalidRequest):
        await desk.write("Nytt", "title-4")

    assert unnamed.value.details == {"current_etag": '"title-4"', "current_version": 4}
    assert overtaken.value.details["current_title"] == "Krönikor"
    assert overtaken.value.headers == {"ETag": '"title-4"'}
    assert desk.writes.users == []


async def test_the_same_title_again_is_answered_without_a_new_version() -> None:
    desk = Desk(MemoryTitles())
    first = await desk.write("Krönikor")

    again = await desk.write("Krönikor")

    assert again == first
    assert len(desk.writes.users) == 1


async def test_of_two_writes_of_one_version_the_second_is_refused() -> None:
    class Overtaken(MemoryTitles):
        async def replace(
            self, ctx: RequestContext, batch_id: str, text: str, *, version: int
        ) -> BatchTitle | None:
            await super().replace(ctx, batch_id, "the other's", version=version)
            return await super().replace(ctx, batch_id, text, version=version)

    desk = Desk(Overtaken())

    with pytest.raises(PreconditionFailed) as raised:
        await desk.write("mine")

    assert raised.value.details["current_title"] == "the other's"


async def test_a_title_of_another_teacher_s_batch_costs_no_query() -> None:
    titles = MemoryTitles(down=Unavailable())
    foreign = FakeBatches([a_whole_batch(1, user_id="erik-1")])

    with pytest.raises(NotAuthorized):
        await Desk(titles, foreign).write("Mine")
    with pytest.raises(NotFound):
        await Desk(titles).write("Mine", batch=batch_id(2))
    with pytest.raises(ValidationFailed):
        await Desk(titles).write("Mine", batch="12")


async def test_the_owner_of_a_write_is_read_without_a_cache() -> None:
    class Away(FakeBatches):
        async def get(self, ctx: RequestContext, batch_id: str) -> Fetched[BatchWithEssays]:
            raise DownstreamUnreachable("ras")

    with pytest.raises(DownstreamUnreachable) as raised:
        await Desk(MemoryTitles(), Away()).write("Mine")

    assert raised.value.details == {"service": "ras", "part": "owner"}


@pytest.mark.parametrize(
    "title", ["two\nlines", "a\x00b", "\u202eesrever", "line\u2028line", "x" * 201, 7, None]
)
def test_a_title_is_one_line_of_two_hundred_characters(title: object) -> None:
    with pytest.raises(ValidationError):
        BatchTitleWriteV1.model_validate({"title": title})
    assert BatchTitleWriteV1(title="x" * 200).title == "x" * 200
