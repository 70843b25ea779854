"""The audit's chain: the verifier names the first invalid entry of any altered chain."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from services.config_service.chain import (
    GENESIS,
    AuditEntry,
    ChainFault,
    ChainHead,
    ChainVerifier,
    Seal,
)

SEAL = Seal(b"the-key")
LENGTH = 5

Harm = Callable[[list[AuditEntry]], list[AuditEntry]]


def chain(seal: Seal = SEAL) -> list[AuditEntry]:
    entries: list[AuditEntry] = []
    end = ChainHead(0, GENESIS)
    for number in range(LENGTH):
        entry = seal.extend(end, a_change(number))
        end = ChainHead(entry.sequence, entry.mac)
        entries.append(entry)
    return entries


def a_change(number: int) -> AuditEntry:
    return AuditEntry(
        sequence=0,
        at="2026-01-31T12:00:00.000000Z",
        actor="admin-1",
        service="bff-admin-service",
        correlation_id="00000000-0000-4000-8000-000000000001",
        namespace="limits",
        version_before=number,
        version_after=number + 1,
        before="{}",
        after=f'{{"most":{number}}}',
        reason="because",
    )


def verify(
    entries: list[AuditEntry], head: ChainHead | None, noted_head: str | None = None
) -> ChainFault | None:
    verifier = ChainVerifier(SEAL, noted_head)
    for entry in entries:
        fault = verifier.check(entry)
        if fault:
            return fault
    return verifier.finish(head)


def head_of(entries: list[AuditEntry]) -> ChainHead:
    return ChainHead(entries[-1].sequence, entries[-1].mac)


def test_whole_chain_is_valid() -> None:
    entries = chain()

    assert verify(entries, head_of(entries)) is None
    assert verify([], ChainHead(0, GENESIS)) is None


@pytest.mark.parametrize(
    "change",
    [
        {"reason": "another"},
        {"actor": "admin-2"},
        {"after": "{}"},
        {"before": "[]"},
        {"at": "2026-01-31T12:00:00.000001Z"},
        {"service": "x"},
        {"correlation_id": "x"},
        {"namespace": "other"},
        {"version_after": 9},
        {"version_before": 9},
        {"prev_mac": "f" * 64},
        {"mac": "f" * 64},
    ],
)
def test_edited_entry_is_named(change: dict[str, str]) -> None:
    entries = chain()
    head = head_of(entries)
    entries[2] = replace(entries[2], **change)  # type: ignore[arg-type]  # one field at a time

    assert verify(entries, head) == ChainFault(3, "wrong_seal")


def test_deleted_entry_is_named() -> None:
    entries = chain()

    assert verify(entries[:2] + entries[3:], head_of(entries)) == ChainFault(3, "entry_missing")


def test_missing_tail_is_named() -> None:
    entries = chain()

    assert verify(entries[:-2], head_of(entries)) == ChainFault(4, "tail_missing")


def test_tail_cut_with_its_head_is_found_by_a_noted_head() -> None:
    entries = chain()
    cut = entries[:-2]

    assert verify(cut, head_of(cut)) is None
    assert verify(cut, head_of(cut), noted_head=entries[-1].mac) == ChainFault(
        4, "noted_head_missing"
    )
    assert verify(entries, head_of(entries), noted_head=entries[2].mac) is None
    assert verify(entries, head_of(entries), noted_head=GENESIS) is None


def test_entry_made_by_hand_is_named() -> None:
    entries = chain()
    strange = replace(a_change(LENGTH), sequence=LENGTH + 1, prev_mac=entries[-1].mac, mac="0" * 64)

    assert verify([*entries, strange], head_of(entries)) == ChainFault(LENGTH + 1, "wrong_seal")


def test_entry_below_the_first_is_named() -> None:
    entries = chain()
    strange = replace(entries[0], sequence=0)

    assert verify([strange, *entries], head_of(entries)) == ChainFault(0, "wrong_seal")


def test_sealed_entry_from_another_chain_is_named() -> None:
    entries = chain()
    stranger = SEAL.extend(ChainHead(2, "f" * 64), a_change(2))

    assert verify([*entries[:2], stranger], head_of(entries)) == ChainFault(3, "broken_link")


def test_whole_chain_under_another_key_is_invalid() -> None:
    entries = chain(Seal(b"another-key"))

    assert verify(entries, head_of(entries)) == ChainFault(1, "wrong_seal")


def test_head_that_is_gone_or_another_is_named() -> None:
    entries = chain()

    assert verify(entries, None) == ChainFault(LENGTH, "head_missing")
    assert verify(entries, ChainHead(LENGTH, "f" * 64)) == ChainFault(LENGTH, "head_differs")
    assert verify(entries, ChainHead(2, entries[1].mac)) == ChainFault(LENGTH, "head_differs")
