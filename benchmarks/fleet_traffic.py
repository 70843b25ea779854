"""Requests at a constant rate and open event streams, counted one by one."""

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from statistics import quantiles

import aiohttp

from bff_core.tasks import cancel_and_wait
from devstack.seed import DemoUser
from devstack.stream_client import AccessToken, HttpStreamSource, StreamEnded, StreamFollower

MAX_IN_FLIGHT = 2000
TIMEOUT = aiohttp.ClientTimeout(total=20, sock_connect=5)
KINDS = {
    "profile": (63, "/bff/v1/teacher/me"),
    "dashboard": (10, "/bff/v1/teacher/dashboard?limit=20"),
    "notifications": (15, "/bff/v1/teacher/notifications"),
    "settings": (10, "/bff/v1/admin/settings/uploads"),
    # Rare: the ledger gives each person one connection, and here three people write all of them.
    "title": (2, "/bff/v1/teacher/batches/{batch}/title"),
}
"""Weight and path; every other title is written, the rest is read."""


@dataclass(frozen=True, slots=True)
class Sample:
    """`due` is on the clock of `time.perf_counter`; status 0 stands for no response."""

    kind: str
    due: float
    seconds: float
    status: int
    code: str = ""
    """Of the error: ours, or `edge` for an answer that is none of ours."""

    @property
    def failed(self) -> bool:
        # Two writers of one title: one is refused, as it should be.
        return not 200 <= self.status < 400 and self.status != 412


@dataclass(frozen=True, slots=True)
class Caller:
    """A person of the demo with a token, and a batch of theirs."""

    person: DemoUser
    token: str = field(repr=False)
    batch: str = ""

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


@dataclass
class Traffic:
    """Sends to the edge; arrivals are random and do not wait for responses."""

    session: aiohttp.ClientSession
    url: str
    teachers: Sequence[Caller]
    admin: Caller
    rate: float
    samples: list[Sample] = field(default_factory=list)
    skipped: int = 0
    in_flight: int = 0
    tags: dict[str, str] = field(default_factory=dict)
    """Entity tags of the titles of batches that nobody is writing."""
    _ends: bool = False

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Send until the block ends, and wait for the responses."""
        task = asyncio.create_task(self._send_all())
        try:
            yield
            self._ends = True
            await task
        finally:
            await cancel_and_wait(task)

    async def _send_all(self) -> None:
        arrivals = random.Random(7)
        at = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            while not self._ends:
                at += arrivals.expovariate(self.rate)
                await asyncio.sleep(max(0.0, at - time.perf_counter()))
                if self.in_flight >= MAX_IN_FLIGHT:
                    self.skipped += 1
                    continue
                kind = arrivals.choices(list(KINDS), [weight for weight, _ in KINDS.values()])[0]
                group.create_task(self._time(kind, arrivals.choice(self.teachers), at))

    async def _time(self, kind: str, teacher: Caller, due: float) -> None:
        self.in_flight += 1
        try:
            status, code = await self._answer(kind, teacher)
        except (aiohttp.ClientError, OSError) as error:
            status, code = 0, type(error).__name__
        finally:
            self.in_flight -= 1
        self.samples.append(Sample(kind, due, time.perf_counter() - due, status, code))

    async def _answer(self, kind: str, teacher: Caller) -> tuple[int, str]:
        caller = self.admin if kind == "settings" else teacher
        url = self.url + KINDS[kind][1].format(batch=caller.batch)
        method, data, headers = "GET", None, caller.headers
        if kind == "title" and (tag := self.tags.pop(caller.batch, "")):
            method, data = "PUT", {"title": f"Uppsats {random.randrange(1000)}"}
            headers = headers | {"If-Match": tag}
        async with self.session.request(method, url, json=data, headers=headers) as response:
            body = await response.read()
            if kind == "title" and response.ok:
                self.tags[caller.batch] = response.headers["ETag"]
            return response.status, "" if response.ok else _code_of(body)


def _code_of(body: bytes) -> str:
    try:
        error = json.loads(body)["error"]
        return f"{error['code']} {error['details'].get('service', '')}".strip()
    except (ValueError, KeyError, TypeError):
        return "edge"


@dataclass
class StreamCounts:
    """Events of all streams: `lost` and `repeated` by their numbers within an epoch."""

    events: int = 0
    lost: int = 0
    repeated: int = 0
    snapshots: int = 0
    ended: Counter[str] = field(default_factory=Counter)


@dataclass
class FollowedStream:
    """One stream that connects again whenever it ends, and the number of its last event."""

    follower: StreamFollower
    counts: StreamCounts
    _last: tuple[str, int] | None = None

    @classmethod
    def of(
        cls, session: aiohttp.ClientSession, url: str, caller: Caller, counts: StreamCounts
    ) -> "FollowedStream":
        async def token() -> AccessToken:
            return AccessToken(caller.token, time.time() + 3_000)

        source = HttpStreamSource(session, f"{url}/bff/v1/teacher/events")
        return cls(StreamFollower(source, token), counts)

    async def follow(self) -> None:
        """Follow until cancelled."""
        async with aclosing(self.follower.follow()) as items:
            async for item in items:
                if isinstance(item, StreamEnded):
                    self.counts.ended[item.reason] += 1
                else:
                    self.count(item.event, item.id)

    def count(self, event: str, event_id: str | None) -> None:
        """Compare with the last event: events of an epoch are numbered without gaps."""
        if event_id is None or event == "end":
            return
        self.counts.events += 1
        epoch, _, number = event_id.rpartition("-")
        if event == "snapshot":
            # It holds all that came before it.
            self.counts.snapshots += 1
        elif self._last is not None and self._last[0] == epoch:
            step = int(number) - self._last[1]
            self.counts.lost += max(0, step - 1)
            self.counts.repeated += step < 1
        self._last = epoch, int(number)


@asynccontextmanager
async def following(streams: Sequence[FollowedStream]) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(one.follow()) for one in streams]
    try:
        yield
    finally:
        await cancel_and_wait(*tasks)


def p99(samples: Sequence[Sample]) -> float:
    """In milliseconds, of the requests that succeeded; 0 without any."""
    found = [one.seconds * 1000 for one in samples if not one.failed]
    return quantiles(found, n=100)[98] if len(found) > 1 else 0.0
