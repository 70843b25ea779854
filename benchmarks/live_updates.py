"""Cost and delay of live updates at the teacher BFF.

`python -m benchmarks.live_updates` runs one BFF process before stub services and its own Redis. 200
streams of 50 users receive messages and changes; then 1,000 idle streams are held open. Prints the
figures as JSON and fails when an event is too late.
"""

import argparse
import asyncio
import json
import resource
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from redis.asyncio import Redis

from benchmarks.processes import ServerProcess, other_cores, python, server_process
from bff_core.clock import SystemClock
from bff_core.testing import SECRET, Reply, StubServer, access_token, bearer, stub_server
from tests.local_servers import running_redis

MAX_DELAY_MS = 2000.0
ESSAYS_PER_BURST = 5
BATCH = "3f0c6a52-9d1e-4c77-8a55-{:012d}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=50)
    parser.add_argument("--streams", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--idle", type=int, default=1000)
    parser.add_argument("--idle-seconds", type=float, default=60.0)
    options = parser.parse_args()
    _, hard_limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard_limit, hard_limit))
    figures = asyncio.run(measure(options))
    print(json.dumps(figures, indent=2))
    if max(figures["activity_ms"]["p99"], figures["batch_changed_ms"]["p99"]) > MAX_DELAY_MS:
        sys.exit("an event was too late")


async def measure(options: argparse.Namespace) -> dict[str, Any]:
    async with open_stack() as stack:
        active = await measure_events(stack, options.users, options.streams, options.rounds)
    async with open_stack(LIVE__PER_USER="100") as stack:
        idle = await measure_idle(stack, options.idle, options.idle_seconds)
    return active | idle


@dataclass
class LiveStack:
    """The BFF process with its stub of RAS and its Redis."""

    process: ServerProcess
    ras: StubServer
    redis: Redis

    def set_completed_essays(self, user: str, count: int) -> None:
        self.ras.on(f"/internal/v1/batches/user/{user}", Reply(body=batch_page(user, count)))


@asynccontextmanager
async def open_stack(**settings: str) -> AsyncIterator[LiveStack]:
    """Start a BFF; `settings` are its own without their prefix."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        url = stack.enter_context(running_redis(folder))
        async with stub_server() as ras, stub_server() as cms, Redis.from_url(url) as redis:
            cms.on("/internal/v1/batches/class-info", Reply(body=b"{}"))
            own = settings | {
                "PORT": "{port}",
                "LEDGER_URL": f"sqlite:///{folder / 'ledger.sqlite3'}",
                "SHUTDOWN_GRACE": "1",
            }
            environment = {
                "ENVIRONMENT": "testing",
                "LOG_LEVEL": "ERROR",
                "JWT_SECRET_KEY": SECRET,
                "HULEEDU_INTERNAL_API_KEY": "internal-key-for-benchmarks",
                "RESULT_AGGREGATOR_URL": ras.url,
                "CMS_API_URL": cms.url,
                "REDIS_URL": url,
                **{f"BFF_TEACHER_SERVICE_{name}": value for name, value in own.items()},
            }
            command = python("services.bff_teacher")
            cores = other_cores()
            with server_process("bff_teacher", command, environment, cores=cores) as process:
                yield LiveStack(process, ras, redis)


@dataclass(eq=False)
class EventListener:
    """One stream, with the times at which events came, by their name."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    times: dict[str, list[float]] = field(default_factory=dict)
    task: "asyncio.Task[None] | None" = None

    async def listen(self) -> None:
        while line := await self.reader.readline():
            if line.startswith(b"event: "):
                name = line[7:].strip().decode()
                self.times.setdefault(name, []).append(time.perf_counter())

    def count(self, name: str) -> int:
        return len(self.times.get(name, ()))

    def has_received(self, rounds: int) -> bool:
        """True when every event of so many bursts has come."""
        activities = ESSAYS_PER_BURST * rounds
        return self.count("batch_changed") == rounds and self.count("activity") == activities


async def open_listener(stack: LiveStack, user: str) -> EventListener:
    """Open a stream and wait for its snapshot."""
    authorization = bearer(access_token(user, now=SystemClock().now()))
    reader, writer = await asyncio.open_connection("127.0.0.1", stack.process.port)
    head = f"GET /v1/teacher/events HTTP/1.1\r\nHost: x\r\nAuthorization: {authorization}\r\n\r\n"
    writer.write(head.encode())
    listener = EventListener(reader, writer)
    listener.task = asyncio.create_task(listener.listen())
    await wait_until(lambda: listener.count("snapshot") > 0)
    return listener


async def close_all(listeners: Sequence[EventListener]) -> None:
    for listener in listeners:
        listener.writer.close()
    await asyncio.wait([one.task for one in listeners if one.task], timeout=10)


async def wait_until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what it waits for comes from another process
            await asyncio.sleep(0.002)


async def measure_events(stack: LiveStack, users: int, streams: int, rounds: int) -> dict[str, Any]:
    names = [f"teacher-{number}" for number in range(users)]
    for name in names:
        stack.set_completed_essays(name, 0)
    listeners = [await open_listener(stack, names[number % users]) for number in range(streams)]
    await asyncio.sleep(2)
    reads, cpu = len(stack.ras.requests), stack.process.cpu_seconds()
    commands = await commands_of(stack.redis)
    delays: dict[str, list[float]] = {"activity": [], "batch_changed": []}
    for number in range(1, rounds + 1):
        began = time.perf_counter()
        await publish_burst(stack, names, number)
        for listener in listeners:
            await wait_until(partial(listener.has_received, number))
        for event, found in delays.items():
            # The last activity of a burst counts; all were published at about the same time.
            found.extend(listener.times[event][-1] - began for listener in listeners)
        await asyncio.sleep(1.2)
    reads = len(stack.ras.requests) - reads
    cpu = stack.process.cpu_seconds() - cpu
    commands = await commands_of(stack.redis) - commands
    await close_all(listeners)
    return {
        "streams": streams,
        "users": users,
        "messages": rounds * users * ESSAYS_PER_BURST,
        "bursts": rounds * users,
        "ras_reads": reads,
        "redis_commands_a_message": round(commands / (rounds * users * ESSAYS_PER_BURST), 1),
        "cpu_us_per_event": round(cpu / (rounds * streams * (ESSAYS_PER_BURST + 1)) * 1e6, 1),
        "activity_ms": percentiles(delays["activity"]),
        "batch_changed_ms": percentiles(delays["batch_changed"]),
    }


async def commands_of(redis: Redis) -> int:
    """Commands that Redis has carried out, those inside scripts included."""
    return int((await redis.info("stats"))["total_commands_processed"])


async def publish_burst(stack: LiveStack, users: Sequence[str], number: int) -> None:
    """Change a batch of every user and publish the platform's messages: one for each essay."""
    for position, user in enumerate(users):
        stack.set_completed_essays(user, number)
        for essay in range(ESSAYS_PER_BURST):
            batch = BATCH.format(position)
            data = {"batch_id": batch, "status": "completed", "n": f"{number}-{essay}"}
            message = json.dumps({"event": "batch_phase_concluded", "data": data})
            await stack.redis.publish(f"ws:{user}", message)


async def measure_idle(stack: LiveStack, streams: int, seconds: float) -> dict[str, Any]:
    users = [f"teacher-{number}" for number in range(max(1, streams // 5))]
    for name in users:
        stack.set_completed_essays(name, 0)
    listeners = [await open_listener(stack, users[0])]
    await asyncio.sleep(1)
    memory, kept = stack.process.resident(), (await stack.redis.info("memory"))["used_memory"]
    while len(listeners) < streams:
        positions = range(len(listeners), min(len(listeners) + 20, streams))
        async with asyncio.TaskGroup() as group:
            opening = [open_listener(stack, users[at % len(users)]) for at in positions]
            tasks = [group.create_task(one) for one in opening]
        listeners += [task.result() for task in tasks]
    await asyncio.sleep(3)
    reads, cpu = len(stack.ras.requests), stack.process.cpu_seconds()
    commands = await commands_of(stack.redis)
    await asyncio.sleep(seconds)
    cpu = stack.process.cpu_seconds() - cpu
    clients = (await stack.redis.info("clients"))["connected_clients"]
    figures = {
        "idle_streams": len(listeners),
        "idle_users": len(users),
        "idle_mib_more": round(stack.process.resident() - memory, 1),
        "idle_mib": round(stack.process.resident(), 1),
        "idle_cpu_percent": round(100 * cpu / seconds, 2),
        "idle_ras_reads": len(stack.ras.requests) - reads,
        "idle_seconds": seconds,
        "idle_redis_commands_a_second": round(
            (await commands_of(stack.redis) - commands) / seconds, 1
        ),
        "idle_redis_bytes_a_user": round(
            ((await stack.redis.info("memory"))["used_memory"] - kept) / len(users)
        ),
        # All but the one of this benchmark.
        "redis_connections": clients - 1,
    }
    await close_all(listeners)
    return figures


def batch_page(user: str, completed_essays: int) -> bytes:
    """RAS: the user's only batch."""
    row = {
        "batch_id": BATCH.format(int(user.rpartition("-")[2])),
        "user_id": user,
        "overall_status": "pending_content",
        "essay_count": 25,
        "completed_essay_count": completed_essays,
        "failed_essay_count": 0,
        "essays": [],
        "created_at": "2026-01-30T08:55:20.103311",
        "last_updated": "2026-01-30T09:33:50.600172",
    }
    pagination = {"limit": 50, "offset": 0, "total": 1}
    return json.dumps({"batches": [row], "pagination": pagination}).encode()


def percentiles(seconds: Sequence[float]) -> dict[str, float]:
    """p50, p99 and worst in milliseconds."""
    ordered = sorted(seconds)
    shares = {"p50": 0.5, "p99": 0.99, "worst": 1.0}
    return {
        name: round(1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1)
        for name, share in shares.items()
    }


if __name__ == "__main__":
    main()
