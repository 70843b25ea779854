"""The audit's hash chain: each entry's MAC covers the MAC of the entry before it."""

import hashlib
import hmac
from dataclasses import astuple, dataclass, replace
from typing import Literal

from services.config_service.values import canonical_json

GENESIS = "0" * 64
"""The `prev_mac` of the first entry."""

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
class AuditEntry:
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
class ChainHead:
    """The last entry's sequence and MAC; 0 and `GENESIS` for an empty chain."""

    sequence: int
    mac: str


@dataclass(frozen=True, slots=True)
class ChainFault:
    """The first invalid entry; `sequence` is the one expected at its place."""

    sequence: int
    problem: Problem


class Seal:
    """HMAC-SHA256 of audit entries under the audit's key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def mac(self, entry: AuditEntry) -> str:
        """The MAC of every field but `mac` itself."""
        *fields, _ = astuple(entry)
        return hmac.new(self._key, canonical_json(fields).encode(), hashlib.sha256).hexdigest()

    def verify(self, entry: AuditEntry) -> bool:
        return hmac.compare_digest(entry.mac, self.mac(entry))

    def extend(self, head: ChainHead, entry: AuditEntry) -> AuditEntry:
        """Number, link and sign the entry as the next after `head`."""
        linked = replace(entry, sequence=head.sequence + 1, prev_mac=head.mac)
        return replace(linked, mac=self.mac(linked))


class ChainVerifier:
    """Verifies entries in order, up to the first fault.

    `noted_head` is a MAC that an operator has written down; one of the entries must have it.
    """

    def __init__(self, seal: Seal, noted_head: str | None = None) -> None:
        self._seal = seal
        self._noted_head = noted_head
        self.end = ChainHead(0, GENESIS)

    def check(self, entry: AuditEntry) -> ChainFault | None:
        """Verify the next entry."""
        expected = self.end.sequence + 1
        if entry.sequence > expected:
            return ChainFault(expected, "entry_missing")
        # A sequence below the first is only found in a row made by hand.
        if entry.sequence < expected or not self._seal.verify(entry):
            return ChainFault(entry.sequence, "wrong_seal")
        if entry.prev_mac != self.end.mac:
            return ChainFault(entry.sequence, "broken_link")
        self.end = ChainHead(entry.sequence, entry.mac)
        if entry.mac == self._noted_head:
            self._noted_head = None
        return None

    def finish(self, head: ChainHead | None) -> ChainFault | None:
        """Compare the end of the chain with the stored head, after the last entry."""
        if head is None:
            return ChainFault(self.end.sequence, "head_missing")
        if head.sequence > self.end.sequence:
            return ChainFault(self.end.sequence + 1, "tail_missing")
        if head != self.end:
            return ChainFault(self.end.sequence, "head_differs")
        if self._noted_head not in {None, GENESIS}:
            return ChainFault(self.end.sequence + 1, "noted_head_missing")
        return None
