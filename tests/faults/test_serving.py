"""A service as a process: how it starts, and how it ends."""

import asyncio
import signal
from pathlib import Path
from typing import TypedDict

import pytest

from tests.faults.tiny_process import ENGINES, LIMIT, read_answer, refused_start, request, service

JSON = "Content-Type: application/json"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TINY_SERVICE_PORT", "no-port-77"),
        ("JWT_SECRET_KEY", ""),
        ("LOG_LEVEL", "loud-77"),
        ("TINY_SERVICE_POTR", "77"),
    ],
)
def test_bad_setting_is_one_line_and_exit_code_2(name: str, value: str) -> None:
    code, out, err = refused_start(**({"TINY_SERVICE_PORT": "4999"} | {name: value}))

    assert (code, out) == (2, "")
    assert err.startswith("cannot start: ")
    assert err.count("\n") == 1
    assert name in err
    assert "77" not in err


@pytest.mark.parametrize("server", ENGINES)
def test_taken_port_is_one_line(tmp_path: Path, server: str) -> None:
    with service(tmp_path, TINY_SERVICE_SERVER=server) as tiny:
        code, _, err = refused_start(TINY_SERVICE_PORT=str(tiny.port), TINY_SERVICE_SERVER=server)

    assert code == 2
    assert err.startswith("cannot start: ")
    assert str(tiny.port) in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("server", ENGINES)
async def test_ipv6_address_is_served_and_its_port_is_refused_when_taken(
    tmp_path: Path, server: str
) -> None:
    with service(tmp_path, host="::1", TINY_SERVICE_SERVER=server) as tiny:
        answer = await tiny.send(request("GET /healthz"))
        code, _, err = refused_start(
            TINY_SERVICE_HOST="::1", TINY_SERVICE_PORT=str(tiny.port), TINY_SERVICE_SERVER=server
        )

    assert answer.status == 200
    assert code == 2
    assert err.startswith(f"cannot start: cannot listen on [::1]:{tiny.port}")
    assert err.count("\n") == 1


class EngineChoice(TypedDict):
    """The environment variable that chooses the server."""

    TINY_SERVICE_SERVER: str


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> EngineChoice:
    return {"TINY_SERVICE_SERVER": request.param}


async def test_told_to_stop_it_ends_what_is_in_flight(tmp_path: Path, engine: EngineChoice) -> None:
    with service(tmp_path, **engine) as running:
        reader, writer = await running.connect(request("GET /v1/slow"))
        await running.until_in_flight(1)

        running.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(LIMIT):
            answer = await read_answer(reader)
        writer.close()

        assert (answer.status, answer.body) == (200, b'{"seconds":1.0}')
        assert await asyncio.to_thread(running.process.wait, LIMIT) == 0


async def test_a_crowd_in_flight_is_answered_whole(tmp_path: Path, engine: EngineChoice) -> None:
    with service(tmp_path, **engine) as running:
        callers = [await running.connect(request("GET /v1/slow?n=2")) for _ in range(40)]
        await running.until_in_flight(40)

        running.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(LIMIT):
            answers = [await read_answer(reader) for reader, _ in callers]
        for _, writer in callers:
            writer.close()

        assert {(answer.status, answer.body) for answer in answers} == {(200, b'{"seconds":1.0}')}
        assert {answer.headers["connection"] for answer in answers} == {"close"}
        assert await asyncio.to_thread(running.process.wait, LIMIT) == 0


async def test_while_draining_it_says_so_and_still_answers(
    tmp_path: Path, engine: EngineChoice
) -> None:
    with service(tmp_path, **engine, TINY_SERVICE_SHUTDOWN_DELAY="1.5") as running:
        reader, writer = await running.connect(request("GET /healthz"))
        kept = await read_answer(reader)

        running.process.send_signal(signal.SIGTERM)
        ready = await running.until_draining()
        writer.write(request("GET /v1/slow"))
        async with asyncio.timeout(LIMIT):
            answer = await read_answer(reader)
        writer.close()

        assert "connection" not in kept.headers
        assert (ready.status, ready.code) == (503, "SERVICE_UNAVAILABLE")
        assert (answer.status, answer.headers["connection"]) == (200, "close")
        assert await asyncio.to_thread(running.process.wait, LIMIT) == 0


async def test_a_body_under_way_is_received_and_answered(
    tmp_path: Path, engine: EngineChoice
) -> None:
    body = b'{"text":"said in two parts"}'
    head = request("POST /v1/notes", JSON, f"Content-Length: {len(body)}")
    with service(tmp_path, **engine) as running:
        reader, writer = await running.connect(head + body[:9])
        await asyncio.sleep(0.1)

        running.process.send_signal(signal.SIGTERM)
        await asyncio.sleep(0.1)
        writer.write(body[9:])
        async with asyncio.timeout(LIMIT):
            answer = await read_answer(reader)
        writer.close()

        assert (answer.status, answer.body) == (201, body)
        assert await asyncio.to_thread(running.process.wait, LIMIT) == 0


async def test_open_streams_end_well_before_the_process_does(
    tmp_path: Path, engine: EngineChoice
) -> None:
    with service(tmp_path, **engine, TINY_SERVICE_SHUTDOWN_DELAY="1") as running:
        streams = [await running.connect(request("GET /v1/ticks")) for _ in range(10)]
        for reader, _ in streams:
            await reader.readuntil(b"tick\n")

        running.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(0.9):
            for reader, _ in streams:
                await reader.readuntil(b"\r\n0\r\n\r\n")
        still_running = running.process.poll() is None
        for _, writer in streams:
            writer.close()

        assert still_running
        assert await asyncio.to_thread(running.process.wait, LIMIT) == 0


async def test_idle_connections_are_closed_and_do_not_delay_the_end(
    tmp_path: Path, engine: EngineChoice
) -> None:
    with service(tmp_path, **engine, TINY_SERVICE_SHUTDOWN_GRACE="300") as running:
        used, used_writer = await running.connect(request("GET /healthz"))
        await read_answer(used)
        unused, unused_writer = await running.connect(b"")

        running.process.send_signal(signal.SIGTERM)
        # The grace period, which they do not wait for, is longer.
        async with asyncio.timeout(LIMIT):
            after = [await used.read(), await unused.read()]
        code = await asyncio.to_thread(running.process.wait, LIMIT)
        used_writer.close()
        unused_writer.close()

        assert (code, after) == (0, [b"", b""])


async def test_work_beyond_the_grace_period_is_given_up(
    tmp_path: Path, engine: EngineChoice
) -> None:
    with service(tmp_path, **engine, TINY_SERVICE_SHUTDOWN_GRACE="0.1") as running:
        reader, writer = await running.connect(request("GET /v1/slow"))
        await running.until_in_flight(1)

        await asyncio.to_thread(running.end)
        async with asyncio.timeout(LIMIT):
            received = await reader.read()
        writer.close()

        assert b"seconds" not in received


@pytest.mark.parametrize("name", [signal.SIGTERM, signal.SIGINT])
def test_either_signal_ends_it_well(
    tmp_path: Path, engine: EngineChoice, name: signal.Signals
) -> None:
    with service(tmp_path, **engine) as running:
        running.process.send_signal(name)

        assert running.process.wait(LIMIT) == 0
        assert running.output.read_bytes() == b""
