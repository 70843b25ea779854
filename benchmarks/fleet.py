"""Several replicas of each service behind a real edge, under load, while replicas come and go.

`python -m benchmarks.fleet --edge traefik` restarts every service in turn, kills and pauses
replicas, and restarts Redis and PostgreSQL, under requests that arrive at a constant rate and with
event streams open. It prints what failed, what streams lost, and how long a paused replica was sent
requests. `--only rolling` runs one part; `--requests` is how many requests the restarts last.
"""

import argparse
import asyncio
import json
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from benchmarks.fleet_edges import COMMANDS, running_edge
from benchmarks.fleet_people import caller_of, changes, token_of
from benchmarks.fleet_processes import SERVICES, Fleet, Replica, running_fleet
from benchmarks.fleet_traffic import (
    Caller,
    FollowedStream,
    Sample,
    StreamCounts,
    Traffic,
    following,
    p99,
)
from devstack.seed.people import ADMIN, TEACHERS

SETTLE_SECONDS = 5.0
HUNG_SECONDS = 2.0
"""A request that took longer was in a paused replica."""


@dataclass
class Bench:
    """All that runs, and the results so far."""

    fleet: Fleet
    traffic: Traffic
    streams: Sequence[FollowedStream]
    counts: StreamCounts
    options: argparse.Namespace
    results: list[dict[str, Any]] = field(default_factory=list)

    @asynccontextmanager
    async def part(self, name: str) -> AsyncIterator[dict[str, Any]]:
        """Count the requests and events until the block ends; the block adds figures of its own."""
        print(f"fleet: {name} …", file=sys.stderr)
        first, began, before = (
            len(self.traffic.samples),
            time.perf_counter(),
            self._stream_figures(),
        )
        figures: dict[str, Any] = {"part": name}
        yield figures
        # Those that were sent in this part and are still on their way.
        await asyncio.sleep(SETTLE_SECONDS)
        samples = self.traffic.samples[first:]
        after = self._stream_figures()
        figures.update(
            {
                "seconds": round(time.perf_counter() - began, 1),
                "requests": len(samples),
                "failed": sum(one.failed for one in samples),
                "statuses": _statuses(samples),
                "p99_ms": round(p99(samples), 1),
                "machine_load": round(os.getloadavg()[0], 1),
                "streams": {key: after[key] - before[key] for key in after},
            }
        )
        self.results.append(figures)
        print(json.dumps(figures), file=sys.stderr)

    @property
    def services(self) -> Sequence[str]:
        return self.options.service or SERVICES

    def chosen(self) -> list[Replica]:
        return [one for one in self.fleet.everyone() if one.service in self.services]

    def _stream_figures(self) -> Counter[str]:
        counts = self.counts
        figures = Counter({f"ended: {key}": value for key, value in counts.ended.items()})
        for key in ("events", "lost", "repeated", "snapshots"):
            figures[key] = getattr(counts, key)
        return figures


def _statuses(samples: Sequence[Sample]) -> dict[str, int]:
    failed = Counter(f"{one.kind} {one.status} {one.code}" for one in samples if one.failed)
    return dict(sorted(failed.items()))


async def rolling(bench: Bench) -> None:
    """Restart every replica of every service in turn, until enough requests were sent."""
    async with bench.part("rolling restarts") as figures:
        first = len(bench.traffic.samples)
        steps: list[tuple[float, str]] = []
        while len(bench.traffic.samples) - first < bench.options.requests:
            for replica in bench.chosen():
                steps.append((time.perf_counter(), f"{replica.service} stops"))
                await asyncio.to_thread(replica.stop)
                steps.append((time.perf_counter(), f"{replica.service} starts"))
                replica.start()
                await asyncio.to_thread(replica.wait_until_ready)
                steps.append((time.perf_counter(), f"{replica.service} is back"))
                # As an orchestrator waits for the load balancer to see the new one.
                await asyncio.sleep(3.0)
        figures["restarts"] = len(steps) // 3
        failed = [one for one in bench.traffic.samples[first:] if one.failed]
        figures["failed_while"] = Counter(_step_at(steps, one.due) for one in failed)


def _step_at(steps: Sequence[tuple[float, str]], due: float) -> str:
    return next((name for at, name in reversed(steps) if at <= due), "before")


async def kills(bench: Bench) -> None:
    """`kill -9` of one replica of each service."""
    for service in bench.services:
        replica = bench.fleet.replicas[service][0]
        async with bench.part(f"kill -9 of {service}") as figures:
            await asyncio.sleep(2.0)
            first, at = len(bench.traffic.samples), time.perf_counter()
            figures["in_flight_everywhere"] = bench.traffic.in_flight
            replica.send(signal.SIGKILL)
            await asyncio.to_thread(replica.wait_until_ended)
            await asyncio.sleep(5.0)
            replica.start()
            await asyncio.to_thread(replica.wait_until_ready)
            failed = [one for one in bench.traffic.samples[first:] if one.failed]
            figures["failed_sent_before"] = sum(one.due <= at for one in failed)
            figures["failed_sent_after"] = sum(one.due > at for one in failed)


async def pauses(bench: Bench) -> None:
    """A replica of each service that stops without closing its connections."""
    for service in bench.services:
        replica = bench.fleet.replicas[service][0]
        async with bench.part(f"SIGSTOP of {service}") as figures:
            window = bench.options.pause
            first, before = len(bench.traffic.samples), time.perf_counter()
            await asyncio.sleep(window)
            at = time.perf_counter()
            replica.send(signal.SIGSTOP)
            try:
                await asyncio.sleep(window)
            finally:
                replica.send(signal.SIGCONT)
            end = time.perf_counter()
            # Until those that hung have been given up.
            await asyncio.sleep(20.0)
            samples = bench.traffic.samples[first:]
            figures.update(_pause_figures(samples, before, at, end))


def _pause_figures(
    samples: Sequence[Sample], before: float, at: float, end: float
) -> dict[str, Any]:
    paused = [one for one in samples if at <= one.due < end]
    stuck = [one for one in paused if one.failed or one.seconds > HUNG_SECONDS]
    others = [one for one in paused if not (one.failed or one.seconds > HUNG_SECONDS)]
    calm = [one for one in samples if before <= one.due < at - 1]
    return {
        "stuck_or_failed": len(stuck),
        "sent_to_it_for_seconds": round(max((one.due - at for one in stuck), default=0.0), 2),
        "p99_before_ms": round(p99(calm), 1),
        "p99_of_the_others_ms": round(p99(others), 1),
    }


async def redis(bench: Bench) -> None:
    async with bench.part("restart of Redis"):
        await asyncio.sleep(2.0)
        await asyncio.to_thread(bench.fleet.platform.stop, "redis")
        bench.fleet.platform.start("redis")
        await asyncio.to_thread(bench.fleet.platform.wait_until_ready, "redis")
        await asyncio.sleep(10.0)


async def postgres(bench: Bench) -> None:
    async with bench.part("kill -9 and start of PostgreSQL") as figures:
        await asyncio.sleep(2.0)
        first, at = len(bench.traffic.samples), time.perf_counter()
        await asyncio.to_thread(bench.fleet.postgres.kill)
        await asyncio.to_thread(bench.fleet.postgres.start)
        up = time.perf_counter()
        await asyncio.sleep(10.0)
        failed = [one for one in bench.traffic.samples[first:] if one.failed]
        figures["away_seconds"] = round(up - at, 2)
        figures["last_failure_after_its_start"] = round(
            max((one.due - up for one in failed), default=0.0), 2
        )


async def calm(bench: Bench) -> None:
    async with bench.part("nothing happens"):
        await asyncio.sleep(bench.options.pause)


PARTS: dict[str, Callable[[Bench], Awaitable[None]]] = {
    "calm": calm,
    "rolling": rolling,
    "kills": kills,
    "pauses": pauses,
    "redis": redis,
    "postgres": postgres,
}


async def measure(options: argparse.Namespace, folder: Path) -> list[dict[str, Any]]:
    async with AsyncExitStack() as stack:
        fleet = stack.enter_context(running_fleet(folder / "stack", options.replicas))
        ports = fleet.edge_ports, fleet.replica_ports
        # Before the services: they call each other through it.
        stack.enter_context(running_edge(options.edge, *ports, folder))
        await asyncio.to_thread(fleet.start)
        connector = aiohttp.TCPConnector(limit=0)
        session = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))
        url = f"http://127.0.0.1:{fleet.edge_ports['gateway']}"
        teachers = [await caller_of(session, url, fleet, one) for one in TEACHERS]
        admin = Caller(ADMIN, token_of(fleet, ADMIN))
        counts = StreamCounts()
        streams = [
            FollowedStream.of(session, url, teachers[at % len(teachers)], counts)
            for at in range(options.streams)
        ]
        traffic = Traffic(session, url, teachers, admin, options.rate)
        bench = Bench(fleet, traffic, streams, counts, options)
        await stack.enter_async_context(following(streams))
        await stack.enter_async_context(changes(session, fleet, options.changes))
        async with traffic.running():
            await asyncio.sleep(SETTLE_SECONDS)
            for name in options.only or PARTS:
                await PARTS[name](bench)
        if traffic.skipped:
            print(f"fleet: {traffic.skipped} requests were not sent", file=sys.stderr)
        return bench.results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--edge", choices=COMMANDS, default="traefik")
    parser.add_argument("--replicas", type=int, choices=(2, 3, 4), default=2)
    parser.add_argument("--rate", type=float, default=100.0, help="requests a second")
    parser.add_argument("--requests", type=int, default=50_000, help="during rolling restarts")
    parser.add_argument("--streams", type=int, default=30)
    parser.add_argument("--changes", type=float, default=1.0, help="seconds between changes")
    parser.add_argument("--pause", type=float, default=20.0, help="seconds of a window")
    parser.add_argument("--only", action="append", choices=PARTS, help="may be repeated")
    parser.add_argument("--service", action="append", choices=SERVICES, help="likewise")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fleet-") as folder:
        print(json.dumps(asyncio.run(measure(options, Path(folder))), indent=2))


if __name__ == "__main__":
    main()
