"""Faults that can be injected into an emulated service, parsed from the words that people type."""

import random
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from devstack.errors import did_you_mean

LONGEST_DELAY_SECONDS = 60.0
MAX_FAULTS = 16
MAX_PATH_LENGTH = 200
KINDS = "latency=2s, latency=200ms..2s, error=500, hang, garbage, html, cut, down"
# Only `down` fails these without a path of its own: a failing service usually reports itself well.
HEALTH_PATHS = frozenset({"/healthz", "/metrics"})

_SECONDS = {"ms": 0.001, "s": 1.0}
_LENGTH = r"([0-9]{1,6}(?:\.[0-9]{1,3})?)(ms|s)"
_DELAY = re.compile(rf"{_LENGTH}(?:\.\.{_LENGTH})?")
_SHARE = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,3})?)%")
_STATUS = re.compile(r"[45][0-9][0-9]")
_WITHOUT_VALUE = frozenset({"hang", "garbage", "html", "cut", "down"})


class FaultError(ValueError):
    """The words do not describe a fault; the text is one line for the person who typed them."""


@dataclass(frozen=True, slots=True)
class FaultDelay:
    """Seconds before the answer, drawn evenly between the two."""

    least: float
    most: float


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of failure for a share of the calls below one path.

    `word` is its kind as typed, such as `error=500`; `delay` and `status` are parsed from it.
    """

    word: str
    share: float = 1.0
    path: str | None = None
    delay: FaultDelay | None = None
    status: int = 0

    @property
    def kind(self) -> str:
        return self.word.partition("=")[0]

    @classmethod
    def parse(cls, text: str) -> Self:
        """A fault from words such as `error=500 share=30% path=/v1/classes`.

        Raises:
            FaultError: There is no such kind, or a value does not fit it.
        """
        share, path = "100%", ""
        kinds = []
        for word in text.split():
            match word.partition("="):
                case ("share", _, share):
                    pass
                case ("path", _, path):
                    pass
                case _:
                    kinds.append(word)
        if len(kinds) != 1:
            raise FaultError(f"One kind of fault is needed, not {len(kinds)}: {KINDS}.")
        kind, has_value, value = kinds[0].partition("=")
        delay = _delay(value) if kind == "latency" and has_value else None
        is_error = kind == "error" and bool(has_value)
        if is_error and not _STATUS.fullmatch(value):
            raise FaultError(f"{value!r} is no error status: 400 to 599.")
        if delay is None and not is_error and kinds[0] not in _WITHOUT_VALUE:
            near = did_you_mean(kind, ["latency", "error", *_WITHOUT_VALUE])
            raise FaultError(f"{kinds[0]!r} is no kind of fault: {KINDS}.{near}")
        return cls(kinds[0], _share(share), _path(path), delay, int(value) if is_error else 0)

    def __str__(self) -> str:
        share = "" if self.share == 1.0 else f" share={self.share * 100:g}%"
        return f"{self.word}{share}{f' path={self.path}' if self.path else ''}"

    def applies_to(self, path: str) -> bool:
        if self.path is None:
            return self.kind == "down" or path not in HEALTH_PATHS
        return path.startswith(self.path)


@dataclass(frozen=True, slots=True)
class DrawnFault:
    """The fate of one call: seconds to wait, then the fault that ends it, if any."""

    seconds: float = 0.0
    fault: Fault | None = None


class FaultList:
    """The faults of a service; `add` restarts the seeded random choice of the affected calls."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._random = random.Random(0)

    def texts(self) -> list[str]:
        return [str(fault) for fault in self._faults]

    def add(self, faults: Iterable[Fault], seed: int = 0) -> None:
        """Add faults; each replaces an older one of the same kind and path.

        Raises:
            FaultError: They would be too many; none is added.
        """
        kept = {(fault.kind, fault.path): fault for fault in [*self._faults, *faults]}
        if len(kept) > MAX_FAULTS:
            raise FaultError(f"A service takes {MAX_FAULTS} faults at most: clear some first.")
        self._faults = list(kept.values())
        self._random = random.Random(seed)

    def clear(self) -> None:
        self._faults = []

    def draw(self, path: str) -> DrawnFault:
        """Draw the faults of one call: delays add up, the first other fault ends it."""
        drawn = [
            fault
            for fault in self._faults
            if fault.applies_to(path) and self._random.random() < fault.share
        ]
        delays = [fault.delay for fault in drawn if fault.delay]
        seconds = sum(self._random.uniform(delay.least, delay.most) for delay in delays)
        ending = next((fault for fault in drawn if fault.delay is None), None)
        return DrawnFault(min(seconds, LONGEST_DELAY_SECONDS), ending)


def _delay(text: str) -> FaultDelay:
    match = _DELAY.fullmatch(text)
    if match is None:
        raise FaultError(f"{text!r} is no delay: 2s, 300ms or 200ms..2s.")
    number, unit, most, most_unit = match.groups()
    least = float(number) * _SECONDS[unit]
    delay = FaultDelay(least, float(most) * _SECONDS[most_unit] if most else least)
    if not delay.least <= delay.most <= LONGEST_DELAY_SECONDS:
        limit = f"the longer comes last, {LONGEST_DELAY_SECONDS:g}s at most"
        raise FaultError(f"{text!r} is no delay: {limit}.")
    return delay


def _share(text: str) -> float:
    match = _SHARE.fullmatch(text)
    if match is None or not 0 < float(match[1]) <= 100:
        raise FaultError(f"{text!r} is no share of calls: 0.001% to 100%, such as 30%.")
    return float(match[1]) / 100


def _path(text: str) -> str | None:
    is_path = text.startswith("/") and len(text) <= MAX_PATH_LENGTH and text.isprintable()
    if text and not is_path:
        raise FaultError(f"{text!r} is no path: it begins with / and is short.")
    if "*" in text:
        raise FaultError(
            f"{text!r}: a path holds no *; it stands for all paths that begin with it."
        )
    return text or None
