"""The port of messages that come in order, and are taken by a commit."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Message:
    """One record, with its coordinates."""

    topic: str
    partition: int
    offset: int
    value: bytes | None


class SourceLost(Exception):
    """The source does not work; `reason` is a word for logs and metrics."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class EventSource(Protocol):
    """Each message arrives at least once: again after a crash, a rebalancing or a lost commit."""

    async def start(self) -> None:
        """Connect.

        Raises:
            SourceLost: It cannot be reached, or refuses us.
        """
        ...

    async def poll(self, seconds: float) -> Sequence[Message]:
        """The next messages, at most some hundred; empty when none came within the time.

        Raises:
            SourceLost: It is not to be repaired by waiting.
        """
        ...

    async def commit(self, messages: Sequence[Message]) -> bool:
        """Take the messages and all before them; False when they will come again."""
        ...

    async def lag(self) -> int | None:
        """Messages in our partitions that have not been polled; None until that is known.

        Raises:
            SourceLost: It has not answered lately.
        """
        ...

    async def stop(self) -> None:
        """Leave, within seconds, whatever state it is in."""
        ...
