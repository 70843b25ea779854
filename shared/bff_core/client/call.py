"""One question to a downstream service, and its answer."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Protocol

import msgspec

from bff_core.context import Deadline

PUBLIC = "*"
SAFE_METHODS = frozenset({"GET", "HEAD"})
LEAST_ATTEMPT = 0.05
"""Seconds without which asking a service is not worth starting."""
NO_HEADERS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Freshness:
    """How long an answer may be used again, in seconds.

    Fresh for `fresh`; then stale for `refresh` more while one refresh runs; and stale for
    `if_error` when the source fails. `shared` lets it into the shared cache: never essay texts,
    never names of pupils.
    """

    max_age: float = 0.0
    stale_while_revalidate: float = 0.0
    stale_if_error: float = 0.0
    store_in_redis: bool = False

    @property
    def keeps(self) -> bool:
        """Whether the answer may be kept at all."""
        return self.max_age > 0 or self.stale_while_revalidate > 0 or self.stale_if_error > 0


NEVER = Freshness()


class Undecodable(ValueError):
    """An answer's bytes are not what the contract says; its text never holds what they are."""


class RedactedStruct(msgspec.Struct, frozen=True, gc=False):
    """A value whose text tells its scalars alone: what headers and bodies hold is secret.

    A struct, because some ten are made in the course of one call, which takes a frozen dataclass
    several microseconds each.
    """

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        names = (name for name in self.__struct_fields__ if name not in _SECRET)
        return [(name, getattr(self, name)) for name in names]

    def __repr__(self) -> str:
        told = ", ".join(f"{name}={value!r}" for name, value in self.__rich_repr__())
        return f"{type(self).__name__}({told})"


_SECRET = frozenset({"headers", "body", "exchange"})


class Call(RedactedStruct, frozen=True, gc=False):
    """What to ask, for whom, and by when.

    `operation` is the name in metrics and logs; `identity` is the user for whom the answer is, or
    `PUBLIC` when the data are the same for everyone; `key` is `key_of` these, put together once.
    `decode` raises Undecodable. An answer that takes longer than `slow_after` seconds speaks against
    the service, half of the budget as a rule.
    `neutral_failures` marks questions that one caller can make fail at will. `statuses` are
    those beside 2xx that count as answers; `alone` keeps a read from being shared, because what it
    answers depends on more than its address. `attempt` counts from 1.
    """

    service: str
    operation: str
    method: str
    url: str
    identity: str
    key: str
    deadline: Deadline
    decode: Callable[[bytes], Any]
    headers: Mapping[str, str] = NO_HEADERS
    body: bytes | None = None
    freshness: Freshness = NEVER
    idempotent: bool = True
    ignored_by_breaker: bool = False
    slow_after: float | None = None
    statuses: frozenset[int] = frozenset()
    alone: bool = False
    attempt: int = 1

    @property
    def safe(self) -> bool:
        """Whether asking twice changes nothing, so that an answer may be shared or kept."""
        return self.method in SAFE_METHODS


class DownstreamResponse(RedactedStruct, frozen=True, gc=False):
    """A good answer, decoded; `age` in seconds since it was read from its source.

    `exchange` is the same object in all copies of one answer. What comes from memory has neither body nor headers.
    One of the call's `statuses` is a good answer, too: its body is as it came, its value None.
    """

    value: Any
    body: bytes
    status: int = 200
    headers: Mapping[str, str] = NO_HEADERS
    age: float = 0.0
    stale: bool = False
    exchange: object = msgspec.field(default_factory=object)


class Question(Protocol):
    """As much of a call as must be known to look for its answer in memory."""

    @property
    def service(self) -> str: ...

    @property
    def operation(self) -> str: ...

    @property
    def key(self) -> str: ...

    @property
    def deadline(self) -> Deadline: ...

    @property
    def freshness(self) -> Freshness: ...


class LookUp(msgspec.Struct, frozen=True, gc=False):
    """A read that is only looked up; `key` is that of the call that it would take to make it."""

    service: str
    operation: str
    key: str
    deadline: Deadline
    freshness: Freshness


def key_of(service: str, operation: str, identity: str, method: str, url: str) -> str:
    """Equal for calls whose answers may stand for each other.

    The operation is in it because two of them may decode one address differently.
    """
    return f"{service} {operation} {identity} {method} {url}"


Send = Callable[[Call], Awaitable[DownstreamResponse]]
Policy = Callable[[Send], Send]
