"""Faults of a network on the bytes that pass in one direction of a connection."""

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
    """Wait `pause` seconds, forward `data`, then end the connection if `end` is set."""

    pause: float = 0.0
    data: bytes = b""
    end: End | None = None


@dataclass(slots=True)
class TransferState:
    """Bytes forwarded in a direction so far, and its random numbers."""

    rng: random.Random
    passed: int = 0


class Toxic(Protocol):
    def apply(self, chunk: bytes, state: TransferState, /) -> Iterator[Step]:
        """Steps that replace a chunk; an empty chunk is the end of the stream."""
        ...


@dataclass(frozen=True, slots=True)
class Latency:
    """Delays each chunk by `seconds`, plus or minus `jitter`."""

    seconds: float
    jitter: float = 0.0

    def apply(self, chunk: bytes, state: TransferState) -> Iterator[Step]:
        drift = state.rng.uniform(-self.jitter, self.jitter)
        yield Step(max(0.0, self.seconds + drift) if chunk else 0.0, chunk)


@dataclass(frozen=True, slots=True)
class Bandwidth:
    """Limits the rate."""

    bytes_per_second: int

    def apply(self, chunk: bytes, _state: TransferState) -> Iterator[Step]:
        size = max(1, int(self.bytes_per_second * TICK))
        for piece in _pieces(chunk, size):
            yield Step(len(piece) / self.bytes_per_second, piece)


@dataclass(frozen=True, slots=True)
class SlowClose:
    """Delays the end of the stream."""

    seconds: float

    def apply(self, chunk: bytes, _state: TransferState) -> Iterator[Step]:
        yield Step(0.0 if chunk else self.seconds, chunk)


@dataclass(frozen=True, slots=True)
class Hang:
    """Swallows all data; closes after `seconds`, or never when None."""

    seconds: float | None = None

    def apply(self, chunk: bytes, _state: TransferState) -> Iterator[Step]:
        if not chunk:
            yield Step()
        elif self.seconds is not None:
            yield Step(self.seconds, b"", End.CLOSE)


@dataclass(frozen=True, slots=True)
class Reset:
    """The first bytes, or the end, break the connection (RST, both directions) after `seconds`."""

    seconds: float = 0.0

    def apply(self, _chunk: bytes, _state: TransferState) -> Iterator[Step]:
        yield Step(self.seconds, b"", End.RESET)


@dataclass(frozen=True, slots=True)
class Slicer:
    """Slices data into `size` bytes, plus or minus `variation`, `pause` seconds apart."""

    size: int
    variation: int = 0
    pause: float = 0.0

    def apply(self, chunk: bytes, state: TransferState) -> Iterator[Step]:
        begin = 0
        while begin < max(len(chunk), 1):
            drift = state.rng.randint(-self.variation, self.variation)
            end = begin + max(1, self.size + drift)
            yield Step(self.pause if begin else 0.0, chunk[begin:end])
            begin = end


@dataclass(frozen=True, slots=True)
class Limit:
    """Closes after `size` bytes in this direction."""

    size: int

    def apply(self, chunk: bytes, state: TransferState) -> Iterator[Step]:
        room = max(0, self.size - state.passed)
        full = len(chunk) >= room
        yield Step(0.0, chunk[:room], End.CLOSE if chunk and full else None)


def apply_toxics(chunk: bytes, toxics: tuple[Toxic, ...], state: TransferState) -> Iterator[Step]:
    """Apply one toxic after the other; nothing follows an end."""
    if not toxics:
        yield Step(0.0, chunk)
        return
    first, *rest = toxics
    for step in first.apply(chunk, state):
        yield from _apply_rest(step, tuple(rest), state, at_end=not chunk)


def _apply_rest(
    step: Step, rest: tuple[Toxic, ...], state: TransferState, *, at_end: bool
) -> Iterator[Step]:
    """Pass a step of one toxic to the later ones."""
    if step.pause:
        yield Step(step.pause)
    if step.data or (at_end and step.end is None):
        yield from apply_toxics(step.data, rest, state)
    if step.end is not None:
        yield Step(0.0, b"", step.end)


def _pieces(chunk: bytes, size: int) -> Iterator[bytes]:
    for begin in range(0, max(len(chunk), 1), size):
        yield chunk[begin : begin + size]
