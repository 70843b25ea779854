"""Concurrent parts: one failure is raised by itself, and a missing part has a code."""

import asyncio
from collections.abc import Coroutine

import pytest

from bff_core.composition import Fetched, Missing, PartV1, describe, fan_out, optional, required
from bff_core.errors import BffError, Conflict, DownstreamTimeout, NotFound


async def fail(error: BaseException) -> None:
    raise error


async def at_once(*calls: Coroutine[object, object, object]) -> None:
    async with fan_out() as group:
        for call in calls:
            group.create_task(call)


async def one_after_another(*calls: Coroutine[object, object, object]) -> None:
    async with fan_out() as group:
        for call in calls:
            group.create_task(call)
            await asyncio.sleep(0)


async def read(value: int) -> Fetched[int]:
    return Fetched(value)


async def test_results_are_there_when_all_went_well() -> None:
    async with fan_out() as group:
        first = group.create_task(read(1))
        second = group.create_task(read(2))

    assert (first.result().value, second.result().value) == (1, 2)


async def test_first_known_failure_comes_out_bare() -> None:
    with pytest.raises(NotFound) as raised:
        await at_once(fail(ValueError("a bug")), fail(NotFound()), fail(Conflict()))

    assert not isinstance(raised.value, BaseExceptionGroup)


async def test_bug_comes_out_when_nothing_known_failed() -> None:
    with pytest.raises(ZeroDivisionError):
        await at_once(fail(ZeroDivisionError()))


async def test_failure_of_the_body_comes_out_bare() -> None:
    async def body() -> None:
        async with fan_out() as group:
            group.create_task(asyncio.Event().wait())
            raise NotFound

    with pytest.raises(NotFound):
        await body()


async def test_siblings_are_cancelled_and_awaited() -> None:
    ended: list[str] = []

    async def sibling() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.append("sibling")

    with pytest.raises(NotFound):
        await one_after_another(sibling(), fail(NotFound()))

    assert ended == ["sibling"]


async def test_nested_groups_come_out_bare_too() -> None:
    async def inner() -> None:
        async with fan_out() as group:
            group.create_task(fail(NotFound()))

    async def plain() -> None:
        raise ExceptionGroup("plain", [ExceptionGroup("deeper", [KeyError("x"), Conflict()])])

    with pytest.raises(NotFound):
        await at_once(inner())
    with pytest.raises(Conflict):
        await at_once(plain())


async def test_failure_keeps_its_cause() -> None:
    async def translated() -> None:
        try:
            await fail(OSError("refused"))
        except OSError as error:
            raise DownstreamTimeout("ras") from error

    with pytest.raises(DownstreamTimeout) as raised:
        await at_once(translated())

    assert isinstance(raised.value.__cause__, OSError)


async def test_cancelled_from_outside_stays_cancelled() -> None:
    async def screen() -> None:
        async with fan_out() as group:
            group.create_task(asyncio.Event().wait())

    task = asyncio.ensure_future(screen())
    await asyncio.sleep(0)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task


async def test_optional_part_is_missing_when_its_service_fails() -> None:
    async def down() -> Fetched[int]:
        raise DownstreamTimeout("cms")

    assert await optional(down()) == Missing("TIMEOUT")
    assert await optional(read(1)) == Fetched(1)


@pytest.mark.parametrize("error", [NotFound(), ValueError("bug")])
async def test_optional_part_hides_no_other_failure(error: Exception) -> None:
    async def odd() -> Fetched[int]:
        raise error

    with pytest.raises(type(error)):
        await optional(odd())


async def test_required_part_is_named_by_its_failure() -> None:
    async def down() -> int:
        raise DownstreamTimeout("ras") from OSError()

    with pytest.raises(BffError) as raised:
        await required("batches", down())

    assert raised.value.details == {"service": "ras", "part": "batches"}
    assert isinstance(raised.value.__cause__, OSError)


def test_parts_are_described_as_ok_stale_or_missing() -> None:
    parts = [
        describe("a", Fetched(1, age=1.23456)),
        describe("b", Fetched(1, age=60.0, stale=True)),
        describe("c", Missing("TIMEOUT")),
    ]

    assert parts == [
        PartV1(name="a", status="ok", age_seconds=1.235, code=None),
        PartV1(name="b", status="stale", age_seconds=60.0, code=None),
        PartV1(name="c", status="missing", age_seconds=None, code="TIMEOUT"),
    ]


def test_value_made_from_another_is_as_fresh() -> None:
    assert Fetched(1, 5.0, stale=True).holding("x") == Fetched("x", 5.0, stale=True)
