"""CPU that the teacher BFF spends on the platform's events, by kind of message.

`python -m benchmarks.events`: a consumer process, a real broker, and messages at a fixed rate. Prints
medians in microseconds a message; exits with 1 when messages that concern nobody here cost more
than a fifth of a core at 5,000 a second, or the memory still grows in the second half of the rounds.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from aiokafka import AIOKafkaProducer

from services.bff_teacher.events.topics import CONTRACTS, topic_of
from tests.event_bodies import an_event, placed
from tests.kafka_broker import KafkaBroker

RATE = 5_000
BOUND = 0.2 * 1e6 / RATE
"""Microseconds a message: a fifth of a core at this rate."""
GROWTH = 4 * 1024 * 1024
"""Bytes by which the memory may grow over the second half of the rounds."""
SLOT = "els.essay.slot.assigned"
BURSTS = 20
"""A second's messages come in so many bursts."""


def _foreign() -> bytes:
    """A message of another version: passed over after its envelope."""
    return an_event(SLOT, placed(), schema_version=9)


def _known() -> bytes:
    """A copy of a fact that is kept already."""
    return an_event(SLOT, placed())


def _new() -> bytes:
    return an_event(SLOT, placed(str(uuid.uuid4()), str(uuid.uuid4())))


KINDS: Mapping[str, Callable[[], bytes]] = {"foreign": _foreign, "known": _known, "new": _new}


def main() -> None:
    parser = argparse.ArgumentParser(prog="events", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4.0, help="of messages in a round")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, KafkaBroker.in_memory(Path(folder)) as broker:
        ledger = f"sqlite:///{folder}/ledger.sqlite3"
        with consumer(broker.bootstrap_servers, ledger) as process:
            costs, memory = asyncio.run(measure(broker, process, options.rounds, options.seconds))
    for name, figures in costs.items():
        share = median(figures) * RATE / 1e6
        print(f"{name:<8} {median(figures):6.1f} us a message, {share:5.1%} of a core at {RATE}/s")
    growth = memory[-1] - memory[len(memory) // 2]
    sizes = " ".join(f"{size / 2**20:.1f}" for size in memory)
    print(f"memory   {sizes} MiB, {growth / 2**20:+.1f} MiB over the second half of the rounds")
    sys.exit(1 if median(costs["foreign"]) > BOUND or growth > GROWTH else 0)


@contextmanager
def consumer(servers: str, ledger: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "benchmarks.event_consumer", servers, ledger]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.kill()


async def measure(
    broker: KafkaBroker, process: "subprocess.Popen[str]", rounds: int, seconds: float
) -> tuple[dict[str, list[float]], list[int]]:
    """CPU in microseconds a message by kind, and resident bytes after each round."""
    await broker.make_topics(list(CONTRACTS))
    producer = AIOKafkaProducer(bootstrap_servers=broker.bootstrap_servers, acks="all")
    await producer.start()
    costs: dict[str, list[float]] = {name: [] for name in KINDS}
    memory: list[int] = []
    told: dict[str, Any] = {}
    try:
        for make in KINDS.values():
            await _turn(producer, process, make, 1.0)
        for _ in range(rounds):
            for name, make in KINDS.items():
                number, told = await _turn(producer, process, make, seconds)
                costs[name].append(told["cpu"] / number * 1e6)
            memory.append(told["rss"])
    finally:
        await producer.stop()
    return costs, memory


async def _turn(
    producer: AIOKafkaProducer,
    process: "subprocess.Popen[str]",
    make: Callable[[], bytes],
    seconds: float,
) -> tuple[int, dict[str, Any]]:
    """Send at the rate, and wait until the consumer has taken all."""
    bursts, size = round(seconds * BURSTS), RATE // BURSTS
    bodies = [[make() for _ in range(size)] for _ in range(bursts)]
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{bursts * size}\n")
    process.stdin.flush()
    began = time.monotonic()
    for number, burst in enumerate(bodies):
        await asyncio.sleep(max(0.0, began + number / BURSTS - time.monotonic()))
        for body in burst:
            await producer.send(topic_of(SLOT), body, key=body[:60])
    line = await asyncio.to_thread(process.stdout.readline)
    return bursts * size, json.loads(line)


if __name__ == "__main__":
    main()
