"""Server-sent events, as bytes."""

import secrets
from typing import Literal

from services.bff_teacher.streaming.log import Event, Mark, Snapshot

OPENING = b": live updates\n\n"
HEARTBEAT = b":\n\n"
RETRY_MS = (500, 3000)
"""Between these a client comes back, so that all those of a process do not come at once."""

Ending = Literal["shutdown", "token_expired", "unavailable"]
Loss = Literal["gap", "epoch", "slow"]


def event_frame(event: Event, epoch: str) -> bytes:
    return _frame(event.word, event.data, Mark(epoch, event.offset))


def snapshot_frame(snapshot: Snapshot) -> bytes:
    data = b'{"version":%d,"batches":%s}' % (snapshot.version, snapshot.batches)
    return _frame("snapshot", data, snapshot.mark)


def resync_frame(reason: Loss) -> bytes:
    """Without an id: a client that is cut off before the snapshot asks from where it was."""
    return b'event: resync\ndata: {"reason":"%s"}\n\n' % reason.encode()


def end_frame(reason: Ending) -> bytes:
    low, high = RETRY_MS
    retry = low + secrets.randbelow(high - low)
    return b'retry: %d\nevent: end\ndata: {"reason":"%s"}\n\n' % (retry, reason.encode())


def _frame(word: str, data: bytes, mark: Mark) -> bytes:
    return b"id: %s\nevent: %s\ndata: %s\n\n" % (str(mark).encode(), word.encode(), data)
