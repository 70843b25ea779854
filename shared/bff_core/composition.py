"""Fetches the parts of a screen concurrently; describes parts that are missing or stale."""

from asyncio import TaskGroup
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Annotated, Generic, Literal, TypeVar

import msgspec
from pydantic import Field

from bff_core.errors import BffError, DownstreamError

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
U = TypeVar("U")


class Fetched(msgspec.Struct, Generic[T_co], frozen=True):
    """A value and its freshness; `age` is in seconds since it was read from its source.

    `stale` is a value that was kept longer than its operation declares because the source failed.
    """

    value: T_co
    age: float = 0.0
    stale: bool = False

    def holding(self, value: U) -> "Fetched[U]":
        """Another value that was made from this one and is as fresh."""
        return Fetched(value, self.age, self.stale)


def combined(value: T, sources: Sequence[Fetched[object]]) -> Fetched[T]:
    """A value made from several sources: as old as the oldest, stale when one is."""
    stale = [source.stale for source in sources]
    return Fetched(value, max([source.age for source in sources], default=0.0), any(stale))


@dataclass(frozen=True, slots=True)
class Missing:
    """An optional part that failed; `code` is the error code."""

    code: str


Part = Fetched[T] | Missing


@dataclass(slots=True)
class PartV1:
    """Freshness of one part of an answer; `code` is the error of a missing part.

    `ok` is within the freshness of its operation, `stale` kept longer because its service failed.
    """

    name: Annotated[str, Field(examples=["class_names"])]
    status: Literal["ok", "stale", "missing"]
    age_seconds: Annotated[
        float | None,
        Field(
            description="Seconds since the part was read from its source; null when it is missing.",
            ge=0,
            examples=[0.0],
        ),
    ]
    code: Annotated[str | None, Field(examples=[None])]


@dataclass(frozen=True, slots=True)
class WithHeaders(Generic[T_co]):
    """A screen's result and the response headers that go with it."""

    body: T_co
    headers: Mapping[str, str] = field(default_factory=dict)


REPLAYED: Mapping[str, str] = {"Idempotent-Replay": "true"}
"""Headers of a result that an earlier request has made."""


def describe(name: str, part: Part[T]) -> PartV1:
    """One entry of an answer's `parts`."""
    if isinstance(part, Missing):
        return PartV1(name=name, status="missing", age_seconds=None, code=part.code)
    status: Literal["ok", "stale"] = "stale" if part.stale else "ok"
    return PartV1(name=name, status=status, age_seconds=round(part.age, 3), code=None)


async def optional(call: Awaitable[Fetched[T]]) -> Part[T]:
    """The part, or `Missing` when its service failed."""
    try:
        return await call
    except DownstreamError as error:
        return Missing(error.code)


async def required(name: str, call: Awaitable[T]) -> T:
    """The part.

    Raises:
        DownstreamError: Its service failed; `details.part` names the part.
    """
    try:
        return await call
    except DownstreamError as error:
        raise error.naming_part(name) from error.__cause__


class FanOut(TaskGroup):
    """Raises the first failure by itself; a BffError goes before any other exception.

    A bare TaskGroup wraps failures in an ExceptionGroup, which no error handler of Quart matches.
    """

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            await super().__aexit__(kind, error, traceback)
        except BaseExceptionGroup as failures:
            first: BaseException = failures.subgroup(BffError) or failures
            while isinstance(first, BaseExceptionGroup):
                first = first.exceptions[0]
            raise first from first.__cause__


def fan_out() -> FanOut:
    """Run calls concurrently; the first failure cancels the others."""
    return FanOut()
