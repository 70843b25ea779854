"""The audit's chain: every entry is sealed together with the seal of the one before it."""

import hashlib
import hmac
from dataclasses import astuple, dataclass, replace
from typing import Literal

from services.config_service.values import canonical

GENESIS = "0" * 64
"""What the first entry has for the seal before it."""

Problem = Literal[
    "entry_missing",
    "broken_link",
    "wrong_seal",
    "tail_missing",
    "head_missing",
    "head_differs",
    "noted_head_missing",
]


@dataclass(frozen=True, slots=True)
class Entry:
    """One change of settings; `before` and `after` are canonical JSON, `at` is UTC with `Z`."""

    sequence: int
    at: str
    actor: str
    service: str
    correlation_id: str
    namespace: str
    version_before: int
    version_after: int
    before: str
    after: str
    reason: str
    prev_mac: str = ""
    mac: str = ""


@dataclass(frozen=True, slots=True)
class Head:
    """Where the chain ends: the last entry's sequence and seal, or 0 and `GENESIS`."""

    sequence: int
    mac: str


@dataclass(frozen=True, slots=True)
class Fault:
    """The first entry that does not stand; `sequence` is the one that should be there."""

    sequence: int
    problem: Problem


class Seal:
    """HMAC-SHA256 under the audit's key; without the key nobody can make an entry that fits."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def mac(self, entry: Entry) -> str:
        """The seal that belongs on an entry: all of it but its own `mac`."""
        *said, _ = astuple(entry)
        return hmac.new(self._key, canonical(said).encode(), hashlib.sha256).hexdigest()

    def fits(self, entry: Entry) -> bool:
        return hmac.compare_digest(entry.mac, self.mac(entry))

    def seal(self, entry: Entry, after: Head) -> Entry:
        """The entry as the next one of the chain that ends with `after`."""
        placed = replace(entry, sequence=after.sequence + 1, prev_mac=after.mac)
        return replace(placed, mac=self.mac(placed))


class ChainCheck:
    """Goes along the chain, fed with its entries in order; the first fault ends it.

    `noted` is a seal that somebody kept elsewhere: it must be on one of the entries.
    """

    def __init__(self, seal: Seal, noted: str | None = None) -> None:
        self._seal = seal
        self._noted = noted
        self.end = Head(0, GENESIS)

    def feed(self, entry: Entry) -> Fault | None:
        expected = self.end.sequence + 1
        if entry.sequence > expected:
            return Fault(expected, "entry_missing")
        if entry.sequence < expected:
            # Below the first: only a row made by hand has such a number.
            return Fault(entry.sequence, "wrong_seal")
        if not self._seal.fits(entry):
            return Fault(entry.sequence, "wrong_seal")
        if entry.prev_mac != self.end.mac:
            return Fault(entry.sequence, "broken_link")
        self.end = Head(entry.sequence, entry.mac)
        if entry.mac == self._noted:
            self._noted = None
        return None

    def finish(self, head: Head | None) -> Fault | None:
        """After the last entry: whether the chain is as long as its head says."""
        if head is None:
            return Fault(self.end.sequence, "head_missing")
        if head.sequence > self.end.sequence:
            return Fault(self.end.sequence + 1, "tail_missing")
        if head != self.end:
            return Fault(self.end.sequence, "head_differs")
        if self._noted not in {None, GENESIS}:
            return Fault(self.end.sequence + 1, "noted_head_missing")
        return None
