"""Idle connections up to the limit of descriptors stop nobody: they are closed when there are many."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from bff_core.observability import Metrics
from bff_core.server import Lifecycle, LifecycleMiddleware
from bff_core.server.connections import Connection, IdleCloser, longest_idle
from tests.faults.tiny_process import ENGINES, LIMIT, Running, read_answer, request, service

DESCRIPTORS, IDLE = 1024, 1100
CLOSED = "tiny_idle_connections_closed_total "


def a_connection(address: str, port: int, idle_ms: int) -> Connection:
    return Connection(port, (address, port), idle_ms)


@pytest.mark.parametrize("engine", ENGINES)
async def test_1100_idle_connections_at_1024_descriptors_stop_nobody(
    tmp_path: Path, engine: str
) -> None:
    service_of_few = service(tmp_path, descriptors=DESCRIPTORS, TINY_SERVICE_SERVER=engine)
    with service_of_few as tiny, open_connections() as idle:
        for number in range(IDLE):
            # The server may have to close some before it accepts more.
            async with asyncio.timeout(LIMIT):
                idle.append(await tiny.connect(b""))
            if number % 100 == 0:
                assert (await tiny.send(request("GET /healthz"))).status == 200
        answers = [await tiny.send(request("GET /healthz")) for _ in range(20)]
        async with asyncio.timeout(LIMIT):
            while sum(reader.at_eof() for reader, _ in idle) < IDLE - DESCRIPTORS // 2:
                await asyncio.sleep(0.1)
            # Some may be closed between the two looks.
            while await closed_by_metrics(tiny) != closed_by_lines(tiny):
                await asyncio.sleep(0.1)

        assert {one.status for one in answers} == {200}
        # On a slow machine the engine's own limit for a first byte ends some of them.
        assert closed_by_lines(tiny) > 0
        assert {line["limit"] for line in lines_of_closing(tiny)} == {DESCRIPTORS // 2}


@contextmanager
def open_connections() -> Iterator[list[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]:
    """A list of connections that end with the block."""
    connections: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
    try:
        yield connections
    finally:
        for _, writer in connections:
            writer.close()


def lines_of_closing(tiny: Running) -> list[dict[str, Any]]:
    return [one for one in tiny.lines() if one["event"] == "idle_connections_closed"]


def closed_by_lines(tiny: Running) -> int:
    return sum(line["closed"] for line in lines_of_closing(tiny))


async def closed_by_metrics(tiny: Running) -> float:
    text = (await tiny.send(request("GET /metrics"))).body.decode()
    [line] = [one for one in text.splitlines() if one.startswith(CLOSED)]
    return float(line.removeprefix(CLOSED))


@pytest.mark.parametrize("engine", ENGINES)
async def test_request_that_is_being_answered_keeps_its_connection(
    tmp_path: Path, engine: str
) -> None:
    with service(tmp_path, TINY_SERVICE_SERVER=engine, TINY_SERVICE_MAX_CONNECTIONS="40") as tiny:
        slow, writer = await tiny.connect(request("GET /v1/slow"))
        idle = [await tiny.connect(b"") for _ in range(60)]
        async with asyncio.timeout(LIMIT):
            answer = await read_answer(slow)
            while not any(one["event"] == "idle_connections_closed" for one in tiny.lines()):
                await asyncio.sleep(0.1)
        for _, other in [*idle, (slow, writer)]:
            other.close()

        assert answer.status == 200


def test_the_address_with_the_most_connections_loses_its_longest_idle_first() -> None:
    many = [a_connection("192.0.2.1", port, idle_ms=port) for port in range(1, 11)]
    few = [a_connection("192.0.2.2", port, idle_ms=60_000 + port) for port in (21, 22)]

    chosen = longest_idle(many + few, set())

    assert [one.peer[1] for one in chosen[:8]] == [10, 9, 8, 7, 6, 5, 4, 3]
    assert [one.peer[1] for one in chosen[-4:]] == [22, 2, 21, 1]


async def silent(*_: Any) -> Any:
    """Stands in for both ends of a client that is not heard here."""


async def test_busy_connections_are_never_chosen() -> None:
    connections = [a_connection("192.0.2.1", port, idle_ms=port) for port in range(1, 4)]
    chosen: list[int] = []

    async def app(*_: Any) -> None:
        idle = longest_idle(connections, middleware.busy_peers())
        chosen.extend(one.peer[1] for one in idle)

    middleware = LifecycleMiddleware(app, Lifecycle("ready"))
    scope = {"type": "http", "headers": [], "client": ("192.0.2.1", 2)}
    await middleware(scope, silent, silent)

    assert chosen == [3, 1]
    assert middleware.busy_peers() == set()


def test_few_connections_are_left_alone() -> None:
    metrics = Metrics("tiny")
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
        closer = IdleCloser(port, 1000, set, metrics, {})
        with closing(socket.create_connection(("127.0.0.1", port))), closing(listener.accept()[0]):
            assert closer.check() is False

    assert metrics.registry.get_sample_value("tiny_idle_connections_closed_total") == 0
