"""What a bad network does to the bytes that pass one way through a connection."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

TICK = 0.02
"""Seconds between the slices of a narrow line."""


class End(Enum):
    CLOSE = "close"
    RESET = "reset"


@dataclass(frozen=True, slots=True)
class Step:
    """Wait `pause` seconds, pass `data` on, then end the connection, if so."""

    pause: float = 0.0
    data: bytes = b""
    end: End | None = None


@dataclass(slots=True)
class Passage:
    """What a toxic knows of its direction: the bytes let through so far, and the dice."""

    chance: random.Random
    passed: int = 0


class Toxic(Protocol):
    def spoil(self, chunk: bytes, passage: Passage, /) -> Iterator[Step]:
        """What becomes of a chunk; an empty one is the sender's end of its stream."""
        ...


@dataclass(frozen=True, slots=True)
class Latency:
    """Each chunk comes `seconds` later, give or take `jitter`."""

    seconds: float
    jitter: float = 0.0

    def spoil(self, chunk: bytes, passage: Passage) -> Iterator[Step]:
        drift = passage.chance.uniform(-self.jitter, self.jitter)
        yield Step(max(0.0, self.seconds + drift) if chunk else 0.0, chunk)


@dataclass(frozen=True, slots=True)
class Bandwidth:
    """No more than so many bytes a second."""

    bytes_per_second: int

    def spoil(self, chunk: bytes, _passage: Passage) -> Iterator[Step]:
        size = max(1, int(self.bytes_per_second * TICK))
        for piece in _pieces(chunk, size):
            yield Step(len(piece) / self.bytes_per_second, piece)


@dataclass(frozen=True, slots=True)
class SlowClose:
    """The end of the stream comes `seconds` late."""

    seconds: float

    def spoil(self, chunk: bytes, _passage: Passage) -> Iterator[Step]:
        yield Step(0.0 if chunk else self.seconds, chunk)


@dataclass(frozen=True, slots=True)
class Hang:
    """Everything is swallowed; closed after `seconds`, never when that is None."""

    seconds: float | None = None

    def spoil(self, chunk: bytes, _passage: Passage) -> Iterator[Step]:
        if not chunk:
            yield Step()
        elif self.seconds is not None:
            yield Step(self.seconds, b"", End.CLOSE)


@dataclass(frozen=True, slots=True)
class Reset:
    """The first bytes, or the end, break the connection (RST, both ways) after `seconds`."""

    seconds: float = 0.0

    def spoil(self, _chunk: bytes, _passage: Passage) -> Iterator[Step]:
        yield Step(self.seconds, b"", End.RESET)


@dataclass(frozen=True, slots=True)
class Slicer:
    """Pieces of `size` bytes, give or take `variation`, each `pause` seconds after the other."""

    size: int
    variation: int = 0
    pause: float = 0.0

    def spoil(self, chunk: bytes, passage: Passage) -> Iterator[Step]:
        begin = 0
        while begin < max(len(chunk), 1):
            drift = passage.chance.randint(-self.variation, self.variation)
            end = begin + max(1, self.size + drift)
            yield Step(self.pause if begin else 0.0, chunk[begin:end])
            begin = end


@dataclass(frozen=True, slots=True)
class Limit:
    """Closed once `size` bytes have passed in this direction."""

    size: int

    def spoil(self, chunk: bytes, passage: Passage) -> Iterator[Step]:
        room = max(0, self.size - passage.passed)
        full = len(chunk) >= room
        yield Step(0.0, chunk[:room], End.CLOSE if chunk and full else None)


def spoil_all(chunk: bytes, toxics: tuple[Toxic, ...], passage: Passage) -> Iterator[Step]:
    """The chunk through one toxic after the other; nothing follows an end."""
    if not toxics:
        yield Step(0.0, chunk)
        return
    first, *rest = toxics
    for step in first.spoil(chunk, passage):
        yield from _onward(step, tuple(rest), passage, at_end=not chunk)


def _onward(
    step: Step, rest: tuple[Toxic, ...], passage: Passage, *, at_end: bool
) -> Iterator[Step]:
    """A step of one toxic as the later ones see it."""
    if step.pause:
        yield Step(step.pause)
    if step.data or (at_end and step.end is None):
        yield from spoil_all(step.data, rest, passage)
    if step.end is not None:
        yield Step(0.0, b"", step.end)


def _pieces(chunk: bytes, size: int) -> Iterator[bytes]:
    for begin in range(0, max(len(chunk), 1), size):
        yield chunk[begin : begin + size]
