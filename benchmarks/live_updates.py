"""What live updates cost, and how soon a screen moves.

`python -m benchmarks.live_updates`: one BFF process before stubs and a Redis of its own. 200 streams of
50 users hear messages and changes; then 1,000 idle streams are held open. Prints its figures as JSON and
fails when a promise is not kept.
"""

import argparse
import asyncio
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from redis.asyncio import Redis

from benchmarks.processes import Running
from bff_core.clock import SystemClock
from bff_core.testing import SECRET, Reply, StubServer, access_token, bearer, stub_server
from tests.local_servers import free_port, running_redis

ROOT = Path(__file__).resolve().parent.parent
LATEST = 2.0
BURST = 5
BATCH = "3f0c6a52-9d1e-4c77-8a55-{:012d}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=50)
    parser.add_argument("--streams", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--idle", type=int, default=1000)
    parser.add_argument("--idle-seconds", type=float, default=60.0)
    given = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    figures = asyncio.run(measured(given))
    print(json.dumps(figures, indent=2))
    if max(figures["activity_ms"]["p99"], figures["batch_changed_ms"]["p99"]) > LATEST * 1000:
        sys.exit("a screen moved too late")


async def measured(given: argparse.Namespace) -> dict[str, Any]:
    async with a_house() as house:
        moving = await move(house, given.users, given.streams, given.rounds)
    async with a_house(LIVE__PER_USER="100") as house:
        idle = await rest(house, given.idle, given.idle_seconds)
    return moving | idle


@dataclass
class House:
    """The process, and what is around it."""

    process: Running
    ras: StubServer
    redis: Redis
    done: dict[str, int] = field(default_factory=dict)

    def show(self, user: str, done: int) -> None:
        self.done[user] = done
        self.ras.on(f"/internal/v1/batches/user/{user}", Reply(body=page(user, done)))


@asynccontextmanager
async def a_house(**more: str) -> AsyncIterator[House]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        url = stack.enter_context(running_redis(folder))
        async with stub_server() as ras, stub_server() as cms, Redis.from_url(url) as redis:
            cms.on("/internal/v1/batches/class-info", Reply(body=b"{}"))
            addresses = {"RESULT_AGGREGATOR_URL": ras.url, "CMS_API_URL": cms.url, "REDIS_URL": url}
            with a_teacher_bff(folder, addresses, more) as process:
                yield House(process, ras, redis)


@contextmanager
def a_teacher_bff(
    folder: Path, addresses: dict[str, str], more: dict[str, str]
) -> Iterator[Running]:
    port = free_port()
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'shared'}",
        "ENVIRONMENT": "testing",
        "LOG_LEVEL": "ERROR",
        "JWT_SECRET_KEY": SECRET,
        "HULEEDU_INTERNAL_API_KEY": "internal-key-for-benchmarks",
        "BFF_TEACHER_SERVICE_PORT": str(port),
        "BFF_TEACHER_SERVICE_LEDGER_URL": f"sqlite:///{folder / 'ledger.sqlite3'}",
        "BFF_TEACHER_SERVICE_SHUTDOWN_GRACE": "1",
        **addresses,
        **{f"BFF_TEACHER_SERVICE_{name}": value for name, value in more.items()},
    }
    command = [sys.executable, "-m", "services.bff_teacher"]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    try:
        yield Running("bff_teacher", process.pid, port)
    finally:
        process.terminate()
        process.wait(timeout=15)


@dataclass(eq=False)
class Listener:
    """One stream; `moments` are when each kind of event came last."""

    user: str
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    moments: dict[str, list[float]] = field(default_factory=dict)
    task: "asyncio.Task[None] | None" = None

    async def listen(self) -> None:
        while line := await self.reader.readline():
            if line.startswith(b"event: "):
                word = line[7:].strip().decode()
                self.moments.setdefault(word, []).append(time.perf_counter())

    def count(self, word: str) -> int:
        return len(self.moments.get(word, ()))

    def has_heard(self, rounds: int) -> bool:
        """Whether all of so many bursts has come."""
        return self.count("batch_changed") == rounds and self.count("activity") == BURST * rounds


async def opened(house: House, user: str) -> Listener:
    authorization = bearer(access_token(user, now=SystemClock().now()))
    reader, writer = await connected(house.process.port)
    lines = [
        "GET /v1/teacher/events HTTP/1.1",
        "Host: here",
        f"Authorization: {authorization}",
        "",
        "",
    ]
    writer.write("\r\n".join(lines).encode())
    one = Listener(user, reader, writer)
    one.task = asyncio.create_task(one.listen())
    await until(lambda: one.count("snapshot"))
    return one


async def connected(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    async with asyncio.timeout(30):
        while True:
            try:
                return await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.1)


async def closed(listeners: list[Listener]) -> None:
    for one in listeners:
        one.writer.close()
    await asyncio.wait([one.task for one in listeners if one.task], timeout=10)


async def until(condition: Any, seconds: float = 30.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what it waits for comes from another process
            await asyncio.sleep(0.002)


async def move(house: House, users: int, streams: int, rounds: int) -> dict[str, Any]:
    names = [f"teacher-{number}" for number in range(users)]
    for name in names:
        house.show(name, 0)
    listeners = [await opened(house, names[number % users]) for number in range(streams)]
    await asyncio.sleep(2)
    asked, worked = len(house.ras.requests), house.process.cpu_seconds()
    late: dict[str, list[float]] = {"activity": [], "batch_changed": []}
    for number in range(rounds):
        began = time.perf_counter()
        for at, name in enumerate(names):
            house.show(name, number + 1)
            # A burst, as the platform makes it: the phase, and each essay of it.
            for essay in range(BURST):
                await house.redis.publish(f"ws:{name}", message(at, number, essay))
        await until(lambda n=number + 1: all(one.has_heard(n) for one in listeners))
        for word, moments in late.items():
            for one in listeners:
                # Of a burst's activities the last one counts: all were said at about one time.
                moments.append(one.moments[word][-1] - began)
        await asyncio.sleep(1.2)
    reads = len(house.ras.requests) - asked
    work = house.process.cpu_seconds() - worked
    await closed(listeners)
    return {
        "streams": streams,
        "users": users,
        "messages": rounds * users * BURST,
        "bursts": rounds * users,
        "ras_reads": reads,
        "cpu_us_per_event": round(work / (rounds * streams * (BURST + 1)) * 1e6, 1),
        "activity_ms": spread(late["activity"]),
        "batch_changed_ms": spread(late["batch_changed"]),
    }


async def rest(house: House, streams: int, seconds: float) -> dict[str, Any]:
    users = [f"teacher-{number}" for number in range(max(1, streams // 5))]
    for name in users:
        house.show(name, 0)
    first = await opened(house, users[0])
    await asyncio.sleep(1)
    before = house.process.resident()
    listeners = [first]
    while len(listeners) < streams:
        some = range(len(listeners), min(len(listeners) + 20, streams))
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(opened(house, users[at % len(users)])) for at in some]
        listeners += [task.result() for task in tasks]
    await asyncio.sleep(3)
    asked, worked = len(house.ras.requests), house.process.cpu_seconds()
    await asyncio.sleep(seconds)
    work = house.process.cpu_seconds() - worked
    figures = {
        "idle_streams": len(listeners),
        "idle_users": len(users),
        "idle_mib_more": round(house.process.resident() - before, 1),
        "idle_mib": round(house.process.resident(), 1),
        "idle_cpu_percent": round(100 * work / seconds, 2),
        "idle_ras_reads": len(house.ras.requests) - asked,
        "idle_seconds": seconds,
    }
    await closed(listeners)
    return figures


def message(user: int, number: int, essay: int) -> str:
    data = {"batch_id": BATCH.format(user), "status": "completed", "n": f"{number}-{essay}"}
    return json.dumps({"event": "batch_phase_concluded", "data": data})


def page(user: str, done: int) -> bytes:
    number = int(user.rpartition("-")[2])
    row = {
        "batch_id": BATCH.format(number),
        "user_id": user,
        "overall_status": "pending_content",
        "essay_count": 25,
        "completed_essay_count": done,
        "failed_essay_count": 0,
        "essays": [],
        "created_at": "2026-01-30T08:55:20.103311",
        "last_updated": "2026-01-30T09:33:50.600172",
    }
    return json.dumps(
        {"batches": [row], "pagination": {"limit": 50, "offset": 0, "total": 1}}
    ).encode()


def spread(seconds: list[float]) -> dict[str, float]:
    ordered = sorted(seconds)
    at = {"p50": 0.5, "p99": 0.99, "worst": 1.0}
    return {
        name: round(1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1)
        for name, share in at.items()
    }


if __name__ == "__main__":
    main()
