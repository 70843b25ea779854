"""What can be made to go wrong in an emulated service, in words that people type."""

import random
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

LONGEST_DELAY = 60.0
MOST_FAULTS = 16
LONGEST_PATH = 200
KINDS = "latency=2s, latency=200ms..2s, error=500, hang, garbage, html, cut, down"
# A sick service that says it is well is the usual case; only `down` is the whole process.
HEALTH_PATHS = frozenset({"/healthz", "/metrics"})

_SECONDS = {"ms": 0.001, "s": 1.0}
_LENGTH = r"([0-9]{1,6}(?:\.[0-9]{1,3})?)(ms|s)"
_DELAY = re.compile(rf"{_LENGTH}(?:\.\.{_LENGTH})?")
_SHARE = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,3})?)%")
_BARE = frozenset({"hang", "garbage", "html", "cut", "down"})


class FaultProblem(ValueError):
    """The words do not describe a fault; its text is one line for the person who typed them."""


@dataclass(frozen=True, slots=True)
class Delay:
    """Seconds before the answer, evenly drawn between the two."""

    least: float
    most: float

    def draw(self, chance: random.Random) -> float:
        return chance.uniform(self.least, self.most)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong, for a share of the calls below one path.

    `word` is its kind as typed, such as `error=500`; `delay` and `status` are what it says.
    """

    word: str
    share: float = 1.0
    path: str | None = None
    delay: Delay | None = None
    status: int = 0

    @property
    def kind(self) -> str:
        return self.word.partition("=")[0]

    @classmethod
    def parse(cls, text: str) -> Self:
        """A fault from words such as `error=500 share=30% path=/v1/classes`.

        Raises:
            FaultProblem: There is no such kind, or a value does not fit it.
        """
        options = {"share": "100%", "path": ""}
        kinds = []
        for word in text.split():
            name, _, value = word.partition("=")
            if name in options:
                options[name] = value
            else:
                kinds.append(word)
        if len(kinds) != 1:
            raise FaultProblem(f"One kind of fault is needed, not {len(kinds)}: {KINDS}.")
        share, path = _share(options["share"]), _path(options["path"])
        delay, status = _meaning(kinds[0])
        return cls(kinds[0], share, path, delay, status)

    def __str__(self) -> str:
        share = "" if self.share == 1.0 else f" share={self.share * 100:g}%"
        return f"{self.word}{share}{f' path={self.path}' if self.path else ''}"

    def concerns(self, path: str) -> bool:
        if self.path is None:
            return self.kind == "down" or path not in HEALTH_PATHS
        return path.startswith(self.path)


@dataclass(frozen=True, slots=True)
class Strike:
    """What one call meets: seconds to wait, then a fault that ends it, if any."""

    seconds: float = 0.0
    fault: Fault | None = None


class FaultList:
    """The faults that a service has now; what strikes is drawn again in the same order after `add`."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._chance = random.Random(0)

    def texts(self) -> list[str]:
        return [str(fault) for fault in self._faults]

    def add(self, faults: Iterable[Fault], seed: int = 0) -> None:
        """Take more in; one of the same kind and path as an older one replaces it.

        Raises:
            FaultProblem: They would be too many; none is taken in.
        """
        kept = {(fault.kind, fault.path): fault for fault in self._faults}
        kept |= {(fault.kind, fault.path): fault for fault in faults}
        if len(kept) > MOST_FAULTS:
            raise FaultProblem(f"A service takes {MOST_FAULTS} faults at most: clear some first.")
        self._faults = list(kept.values())
        self._chance = random.Random(seed)

    def clear(self) -> None:
        self._faults = []

    def strike(self, path: str) -> Strike:
        """Delays add up; of the others the first that strikes decides."""
        struck = [
            fault
            for fault in self._faults
            if fault.concerns(path) and self._chance.random() < fault.share
        ]
        seconds = sum(fault.delay.draw(self._chance) for fault in struck if fault.delay)
        ending = next((fault for fault in struck if fault.delay is None), None)
        return Strike(min(seconds, LONGEST_DELAY), ending)


def _meaning(word: str) -> tuple[Delay | None, int]:
    kind, given, value = word.partition("=")
    if kind == "latency" and given:
        return _delay(value), 0
    if kind == "error" and given:
        return None, _status(value)
    if word not in _BARE:
        raise FaultProblem(f"{word!r} is no kind of fault: {KINDS}.")
    return None, 0


def _delay(text: str) -> Delay:
    match = _DELAY.fullmatch(text)
    if match is None:
        raise FaultProblem(f"{text!r} is no delay: 2s, 300ms or 200ms..2s.")
    number, unit, most, most_unit = match.groups()
    least = float(number) * _SECONDS[unit]
    delay = Delay(least, float(most) * _SECONDS[most_unit] if most else least)
    if not delay.least <= delay.most <= LONGEST_DELAY:
        raise FaultProblem(
            f"{text!r} is no delay: the longer comes last, {LONGEST_DELAY:g}s at most."
        )
    return delay


def _status(text: str) -> int:
    if not re.fullmatch(r"[45][0-9][0-9]", text):
        raise FaultProblem(f"{text!r} is no error status: 400 to 599.")
    return int(text)


def _share(text: str) -> float:
    match = _SHARE.fullmatch(text)
    if match is None or not 0 < float(match[1]) <= 100:
        raise FaultProblem(f"{text!r} is no share of calls: 0.001% to 100%, such as 30%.")
    return float(match[1]) / 100


def _path(text: str) -> str | None:
    if text and (not text.startswith("/") or len(text) > LONGEST_PATH or not text.isprintable()):
        raise FaultProblem(f"{text!r} is no path: it begins with / and is short.")
    return text or None
