"""Fetching the parts of a screen together, and saying which are absent or old."""

from asyncio import TaskGroup
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Annotated, Generic, Literal, TypeVar

import msgspec
from pydantic import Field

from bff_core.errors import BffError, DownstreamError

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
U = TypeVar("U")


class Fetched(msgspec.Struct, Generic[T_co], frozen=True, gc=False):
    """A value and how fresh it is; `age` is in seconds since we read it from its source."""

    value: T_co
    age: float = 0.0
    stale: bool = False

    def holding(self, value: U) -> "Fetched[U]":
        """Another value made from this one, as fresh as this one."""
        return Fetched(value, self.age, self.stale)


@dataclass(frozen=True, slots=True)
class Missing:
    """An optional part that could not be had; `code` is the error code that says why."""

    code: str


Part = Fetched[T] | Missing


# No model: it is made of what is known to fit, some five times an answer.
@dataclass(slots=True)
class PartV1:
    """How one part of an answer is doing; `code` says why a part is missing."""

    name: Annotated[str, Field(examples=["class_names"])]
    status: Literal["ok", "stale", "missing"]
    age_seconds: Annotated[
        float | None,
        Field(
            description="Seconds since we read the part from its source; null when it is missing.",
            ge=0,
            examples=[0.0],
        ),
    ]
    code: Annotated[str | None, Field(examples=[None])]


@dataclass(frozen=True, slots=True)
class WithHeaders(Generic[T_co]):
    """What a screen answers when the answer says something in headers, too."""

    body: T_co
    headers: Mapping[str, str] = field(default_factory=dict)


def describe(name: str, part: Part[T]) -> PartV1:
    """What an answer says of one of its parts."""
    if isinstance(part, Missing):
        return PartV1(name, "missing", None, part.code)
    return PartV1(name, "stale" if part.stale else "ok", round(part.age, 3), None)


async def optional(call: Awaitable[Fetched[T]]) -> Part[T]:
    """The part, or `Missing` when the service behind it let us down."""
    try:
        return await call
    except DownstreamError as error:
        return Missing(error.code)


async def required(name: str, call: Awaitable[T]) -> T:
    """The part.

    Raises:
        DownstreamError: The service behind it let us down; `details.part` names the part.
    """
    try:
        return await call
    except DownstreamError as error:
        raise error.naming_part(name) from error.__cause__


class _FanOut(TaskGroup):
    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            await super().__aexit__(kind, error, trace)
        except BaseExceptionGroup as failures:
            first = _first(failures)
            raise first from first.__cause__


def fan_out() -> TaskGroup:
    """Run calls side by side; the first failure cancels the rest and comes out bare.

    A bare TaskGroup wraps it in an ExceptionGroup, which no error handler of a web app matches.
    """
    return _FanOut()


def _first(failures: BaseExceptionGroup[BaseException]) -> BaseException:
    """A failure we know before one we do not, in the order they happened."""
    leaves = list(_leaves(failures))
    known = (leaf for leaf in leaves if isinstance(leaf, BffError))
    return next(known, leaves[0])


def _leaves(failures: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    leaves: list[BaseException] = []
    for failure in failures.exceptions:
        if isinstance(failure, BaseExceptionGroup):
            leaves.extend(_leaves(failure))
        else:
            leaves.append(failure)
    return leaves
