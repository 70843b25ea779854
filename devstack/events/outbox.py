"""Events that services have stored with their writes, until the relay has sent them.

They are kept after that, as a broker keeps its records: the devstack's broker stores nothing, and is
told them again when it has begun anew, with the times at which the first one got them.
"""

import json
import os
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from devstack.events.event import Event

BROKER_VARIABLE = "KAFKA_BOOTSTRAP_SERVERS"
MAX_KEPT = 20_000
"""The oldest events are forgotten beyond that, sent or not."""


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """`sent_at` is the time at which the first broker got it; None before that."""

    id: int
    event: Event
    sent_at: datetime | None


def add(connection: sqlite3.Connection, *events: Event) -> None:
    """Store events with the write that causes them; without a broker they are left out."""
    if os.environ.get(BROKER_VARIABLE):
        store(connection, [(None, event) for event in events])


def store(connection: sqlite3.Connection, events: Iterable[tuple[datetime | None, Event]]) -> None:
    """Store events, each with the time at which it was sent once, if it was."""
    rows = [(at and at.isoformat(), json.dumps(asdict(event))) for at, event in events]
    connection.executemany("INSERT INTO event_outbox (sent_at, event) VALUES (?, ?)", rows)


def take_unsent(connection: sqlite3.Connection, limit: int) -> Sequence[StoredEvent]:
    """The oldest events that are still to be sent, in the order in which they were stored."""
    connection.execute(
        "DELETE FROM event_outbox WHERE id <= (SELECT max(id) FROM event_outbox) - ?", (MAX_KEPT,)
    )
    query = "SELECT id, event, sent_at FROM event_outbox WHERE sent = 0 ORDER BY id LIMIT ?"
    return [_stored(row) for row in connection.execute(query, (limit,)).fetchall()]


def _stored(row: sqlite3.Row) -> StoredEvent:
    at = datetime.fromisoformat(row["sent_at"]) if row["sent_at"] else None
    return StoredEvent(row["id"], Event(**json.loads(row["event"])), at)


def mark_sent(connection: sqlite3.Connection, last: int, at: datetime) -> None:
    """All events up to this one have arrived."""
    change = "UPDATE event_outbox SET sent = 1, sent_at = coalesce(sent_at, ?) WHERE sent = 0 AND id <= ?"
    connection.execute(change, (at.isoformat(), last))


def send_all_again(connection: sqlite3.Connection) -> None:
    connection.execute("UPDATE event_outbox SET sent = 0")
