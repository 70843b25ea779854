"""Random histories of batches as the platform tells them, and what must be known of them after."""

import random
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from services.bff_teacher.events.envelope import NotForUs, Poisonous, decode
from services.bff_teacher.events.facts import facts_of
from services.bff_teacher.events.model import Fact, FactKey, merge_all
from services.bff_teacher.events.topics import topic_of
from tests import event_bodies as bodies
from tests.event_bodies import an_event

LOST, COPIED, LATE, POISONED, FOREIGN = 0.03, 0.15, 0.2, 0.02, 0.02
"""Shares of the events."""


@dataclass(frozen=True, slots=True)
class Sent:
    """One record that is to be sent."""

    topic: str
    key: bytes
    value: bytes


def histories(number: int, seed: int) -> list[Sent]:
    """About `number` records: lost, copied, out of order and poisonous ones among them."""
    chance = random.Random(seed)
    sent: list[Sent] = []
    while len(sent) < number:
        for name, data, at in _history(chance):
            if chance.random() < LOST:
                continue
            # The relay gives each copy another id and time.
            for copy in range(1 + (chance.random() < COPIED)):
                late = at + timedelta(seconds=copy * chance.randrange(1, 90))
                sent.append(_record(name, data, late, chance))
    _delay_some(sent, chance)
    return sent[:number]


def known_after(sent: Sequence[Sent]) -> tuple[dict[FactKey, Fact], int]:
    """The facts of the model, and the number of records that can never be read."""
    facts: list[Fact] = []
    rejected = 0
    for one in sent:
        try:
            facts += facts_of(decode(one.topic, one.value), datetime.now(UTC))
        except NotForUs:
            continue
        except Poisonous:
            rejected += 1
    return merge_all(facts), rejected


def _record(name: str, data: dict[str, Any], at: datetime, chance: random.Random) -> Sent:
    value = an_event(name, data, at=at)
    fate = chance.random()
    if fate < POISONED:
        value = chance.choice([b"", b"{", b"\xff\xff", an_event(name, {"nothing": 1}, at=at)])
    elif fate < POISONED + FOREIGN:
        value = an_event(name, data, at=at, schema_version=9)
    key = data.get("batch_id") or data.get("entity_id")
    return Sent(topic_of(name), str(key).encode(), value)


def _delay_some(sent: list[Sent], chance: random.Random) -> None:
    """Topics and partitions have no order among each other, and the relay repeats."""
    for place in range(len(sent)):
        if chance.random() < LATE:
            other = min(len(sent) - 1, place + chance.randrange(1, 40))
            sent[place], sent[other] = sent[other], sent[place]


def _history(chance: random.Random) -> Iterator[tuple[str, dict[str, Any], datetime]]:
    """One batch from its registration to its grades, or to the point at which it is stuck."""
    batch, at = str(uuid.UUID(int=chance.getrandbits(128))), datetime.now(UTC) - timedelta(hours=9)
    has_class, essays = chance.random() < 0.5, chance.randrange(1, 6)
    ids = [str(uuid.UUID(int=chance.getrandbits(128))) for _ in range(essays)]
    class_id = bodies.an_id(9) if has_class else None
    data = bodies.registered(batch, essays=essays, class_id=class_id)
    yield "batch.essays.registered", data, at
    for essay in ids:
        at += timedelta(seconds=chance.randrange(1, 5))
        yield "file.batch.file.added", bodies.file_added(batch, essay, at=at), at
        if chance.random() < 0.1:
            yield "file.essay.validation.failed", bodies.rejected(batch, essay, at=at), at
        yield "els.essay.slot.assigned", bodies.placed(batch, essay, at=at), at
    yield "batch.content.provisioning.completed", bodies.provisioned(batch, at=at), at
    if has_class:
        matched = chance.randrange(essays + 1)
        data = bodies.matched(batch, matched=matched, unmatched=essays - matched, at=at)
        yield "batch.author.matches.suggested", data, at
        by_timer = chance.random() < 0.3
        at += timedelta(minutes=chance.randrange(1, 60))
        data = bodies.confirmed(batch, timeout=by_timer, at=at)
        yield "class.student.associations.confirmed", data, at
        yield "els.batch.essays.ready", bodies.ready(batch), at
    yield from _runs(chance, batch, ids, at)


def _runs(
    chance: random.Random, batch: str, ids: Sequence[str], at: datetime
) -> Iterator[tuple[str, dict[str, Any], datetime]]:
    for _ in range(chance.randrange(1, 4)):
        at += timedelta(minutes=chance.randrange(1, 20))
        yield "commands.batch.pipeline", bodies.command(batch), at
        if chance.random() < 0.2:
            yield "pipeline.denied", bodies.denied(batch, at=at + timedelta(seconds=1)), at
            continue
        start = str(uuid.UUID(int=chance.getrandbits(128)))
        status = chance.choice(
            ["completed_successfully", "completed_with_failures", "failed_critically"]
        )
        data = bodies.outcome(batch, "spellcheck", status, start=start)
        yield "els.batch.phase.outcome", data, at + timedelta(seconds=8)
        if chance.random() < 0.15:
            data = bodies.assessment_failed(batch, job=str(chance.randrange(99)), at=at)
            yield "cj_assessment.failed", data, at
            continue
        grades = [(essay, chance.choice(["A", "B", "C+", "U"])) for essay in ids]
        data = bodies.assessed(batch, grades, at=at + timedelta(seconds=30))
        yield "ras.batch.assessment.completed", data, at
