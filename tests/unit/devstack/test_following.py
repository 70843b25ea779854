import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest

from devstack.stream_client import (
    AccessToken,
    SourceError,
    StreamEnded,
    StreamFollower,
    StreamRefused,
    StreamUpdate,
)
from devstack.stream_client.follower import MAX_PAUSE_SECONDS, parse_retry_after
from devstack.stream_client.source import StreamResponse


def text(event: str, number: int | None = None, retry: int | None = None, **data: Any) -> bytes:
    lines = f"id: e-{number}\n" if number is not None else ""
    lines += f"retry: {retry}\n" if retry is not None else ""
    return f"event: {event}\n{lines}data: {json.dumps(data)}\n\n".encode()


SNAPSHOT = text("snapshot", 1, version=1, batches={"b1": {"done": 0}})
CHANGE = text("batch_changed", 2, version=2, batch_id="b1", patch={"done": 1})
GAP = text("batch_changed", 4, version=4, batch_id="b1", patch={"done": 3})


@dataclass
class FakeResponse:
    """One connection: a head, chunks, and how it ends."""

    chunks: tuple[bytes, ...] = ()
    status: int = 200
    content_type: str = "text/event-stream"
    retry_after: str | None = None
    breaks: bool = False
    refuses: bool = False


@dataclass
class FakeServer:
    """Gives its answers one after the other; `asked` keeps the headers of each call."""

    answers: list[FakeResponse]
    asked: list[dict[str, str]] = field(default_factory=list)
    tokens: int = 0
    token_life: float = 3600.0
    now: float = 1000.0
    pauses: list[float] = field(default_factory=list)

    @asynccontextmanager
    async def open(self, headers: Mapping[str, str]) -> AsyncIterator[StreamResponse]:
        self.asked.append(dict(headers))
        answer = self.answers.pop(0)
        if answer.refuses:
            raise SourceError("refused")
        chunks = list(answer.chunks)

        async def read() -> bytes:
            if chunks:
                return chunks.pop(0)
            if answer.breaks:
                raise SourceError("broken")
            return b""

        yield StreamResponse(answer.status, answer.content_type, answer.retry_after, read)

    async def fetch(self) -> AccessToken:
        self.tokens += 1
        return AccessToken(f"token-{self.tokens}", self.now + self.token_life)

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds

    def follower(self, seed: int = 1) -> StreamFollower:
        return StreamFollower(
            self, self.fetch, random=Random(seed), sleep=self.sleep, now=lambda: self.now
        )

    @property
    def last_ids(self) -> list[str | None]:
        return [headers.get("Last-Event-ID") for headers in self.asked]


async def collect(server: FakeServer, follower: StreamFollower | None = None) -> list[str]:
    """Event names and reasons of the follower until the server has no response left."""
    found = []
    async for item in (follower or server.follower()).follow():
        found.append(item.event if isinstance(item, StreamUpdate) else f"({item.reason})")
        if isinstance(item, StreamEnded) and not server.answers:
            return found
    raise AssertionError("the following ended by itself")


async def test_stream_is_followed_and_resumed_after_its_last_event() -> None:
    later = text("batch_changed", 3, version=3, batch_id="b1", patch={"done": 2})
    server = FakeServer([FakeResponse((SNAPSHOT, CHANGE)), FakeResponse((later,))])
    follower = server.follower()

    found = await collect(server, follower)

    assert found == ["snapshot", "batch_changed", "(closed)", "batch_changed", "(closed)"]
    assert server.last_ids == [None, "e-2"]
    assert (follower.copy.version, follower.copy.batches) == (3, {"b1": {"done": 2}})


async def test_token_is_a_header_and_never_anything_else() -> None:
    server = FakeServer([FakeResponse((SNAPSHOT,))])

    await collect(server)

    assert server.asked[0]["Authorization"] == "Bearer token-1"
    assert "token-1" not in repr(await server.fetch())


@pytest.mark.parametrize(
    "bad", [GAP, text("batch_changed", 2, version=2), b"event: snapshot\ndata: {\n\n"]
)
async def test_gap_or_nonsense_asks_for_a_new_snapshot(bad: bytes) -> None:
    server = FakeServer([FakeResponse((SNAPSHOT, bad)), FakeResponse((SNAPSHOT,))])
    follower = server.follower()

    found = await collect(server, follower)

    assert found == ["snapshot", "(out_of_step)", "snapshot", "(closed)"]
    assert server.last_ids == [None, None]
    assert follower.copy.version == 1


async def test_unknown_events_are_passed_over_but_remembered_as_seen() -> None:
    server = FakeServer([FakeResponse((SNAPSHOT, text("news", 2, x=1))), FakeResponse()])

    assert await collect(server) == ["snapshot", "(closed)", "(closed)"]
    assert server.last_ids == [None, "e-2"]


async def test_huge_line_ends_the_connection_not_the_client() -> None:
    huge = b"data: " + b"x" * (4 * 1024 * 1024)
    server = FakeServer([FakeResponse((huge, huge)), FakeResponse((SNAPSHOT,))])

    assert await collect(server) == ["(out_of_step)", "snapshot", "(closed)"]


async def test_resync_drops_the_copy_and_the_id_until_the_snapshot_comes() -> None:
    server = FakeServer(
        [FakeResponse((SNAPSHOT, text("resync", 5, reason="slow"))), FakeResponse((SNAPSHOT,))]
    )

    assert await collect(server) == ["snapshot", "resync", "(closed)", "snapshot", "(closed)"]
    assert server.last_ids == [None, None]


async def test_end_waits_as_long_as_the_server_asked_and_resumes() -> None:
    end = text("end", retry=4000, reason="shutdown")
    server = FakeServer([FakeResponse((SNAPSHOT, end, CHANGE)), FakeResponse((CHANGE,))])

    assert await collect(server) == ["snapshot", "end", "(shutdown)", "batch_changed", "(closed)"]
    assert 4.0 <= server.pauses[0] <= 4.5
    assert server.last_ids == [None, "e-1"]


async def test_expired_token_is_replaced_before_the_next_connection() -> None:
    end = text("end", reason="token_expired")
    server = FakeServer([FakeResponse((SNAPSHOT, end)), FakeResponse()])

    await collect(server)

    assert [one["Authorization"] for one in server.asked] == ["Bearer token-1", "Bearer token-2"]


async def test_token_is_renewed_before_it_expires_and_the_stream_resumed() -> None:
    server = FakeServer([FakeResponse((SNAPSHOT,)), FakeResponse((CHANGE,))])
    follower = server.follower()
    found = []

    async for item in follower.follow():
        found.append(item)
        server.now += 3541 if len(found) == 1 else 0
        if isinstance(item, StreamUpdate) and item.event == "batch_changed":
            break

    assert found[1] == StreamEnded("token_renewed", 0.0)
    assert (server.tokens, server.last_ids) == (2, [None, "e-1"])


@pytest.mark.parametrize("life", [-100.0, 0.0, 1.0])
async def test_token_that_is_old_by_our_clock_makes_no_storm(life: float) -> None:
    server = FakeServer([FakeResponse((SNAPSHOT,)) for _ in range(10)], token_life=life)

    await collect(server)

    assert server.tokens <= 3
    assert all(pause > 0 for pause in server.pauses)


@pytest.mark.parametrize("status", [400, 403, 404])
async def test_final_refusal_ends_the_following(status: int) -> None:
    server = FakeServer([FakeResponse(status=status, content_type="application/json")])

    with pytest.raises(StreamRefused, match=str(status)):
        await collect(server)


async def test_refused_token_is_replaced_after_a_pause() -> None:
    server = FakeServer([FakeResponse(status=401), FakeResponse((SNAPSHOT,))])

    assert await collect(server) == ["(status_401)", "snapshot", "(closed)"]
    assert server.tokens == 2
    assert server.pauses[0] > 0


async def test_busy_server_is_asked_again_when_it_said() -> None:
    server = FakeServer([FakeResponse(status=503, retry_after="7"), FakeResponse((SNAPSHOT,))])

    assert await collect(server) == ["(status_503)", "snapshot", "(closed)"]
    assert 7.0 <= server.pauses[0] <= 7.5


async def test_page_that_is_no_stream_is_a_failure() -> None:
    server = FakeServer(
        [FakeResponse((SNAPSHOT,), content_type="text/html"), FakeResponse((SNAPSHOT,))]
    )

    assert await collect(server) == ["(status_200)", "snapshot", "(closed)"]


async def test_broken_and_refused_connections_are_tried_again_later_each_time() -> None:
    refused = [FakeResponse(refuses=True) for _ in range(9)]
    server = FakeServer([FakeResponse((SNAPSHOT,), breaks=True), *refused, FakeResponse((CHANGE,))])

    found = await collect(server)

    assert found[0:2] == ["snapshot", "(unreachable)"]
    assert server.last_ids[-1] == "e-1"
    assert server.pauses[1] < server.pauses[4] < server.pauses[7] <= MAX_PAUSE_SECONDS


async def test_backoff_is_drawn_anew_for_every_client() -> None:
    pauses = set()
    for seed in range(20):
        server = FakeServer([FakeResponse(refuses=True), FakeResponse(refuses=True)])
        await collect(server, server.follower(seed))
        pauses.add(server.pauses[0])

    assert len(pauses) == 20
    assert all(0.5 <= seconds <= 1.0 for seconds in pauses)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [(None, None), ("3", 3.0), ("99999999", 120.0), ("-1", None), ("Mon, 1 Jan", None)],
)
def test_retry_after_is_believed_within_reason(header: str | None, seconds: float | None) -> None:
    assert parse_retry_after(header) == seconds
