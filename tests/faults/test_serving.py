"""A service as a process: how it starts, and how it ends."""

import asyncio
import signal
import time
from pathlib import Path

import pytest

from tests.faults.tiny_process import ENGINES, LIMIT, read_answer, refused_start, request, service


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


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> dict[str, str]:
    """The environment variable that chooses the server."""
    return {"TINY_SERVICE_SERVER": request.param}


async def test_told_to_stop_it_ends_what_is_in_flight(
    tmp_path: Path, engine: dict[str, str]
) -> None:
    with service(tmp_path, **engine) as running:
        reader, writer = await running.connect(request("GET /v1/slow"))
        await asyncio.sleep(0.3)

        running.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(LIMIT):
            answer = await read_answer(reader)
        writer.close()

        assert (answer.status, answer.body) == (200, b'{"seconds":1.0}')
        assert await asyncio.to_thread(running.process.wait, LIMIT) == 0


async def test_a_crowd_in_flight_is_answered_whole(tmp_path: Path, engine: dict[str, str]) -> None:
    with service(tmp_path, **engine) as running:
        callers = [await running.connect(request("GET /v1/slow?n=2")) for _ in range(40)]
        await asyncio.sleep(0.5)

        running.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(LIMIT):
            answers = [await read_answer(reader) for reader, _ in callers]
        for _, writer in callers:
            writer.close()

        assert {(answer.status, answer.body) for answer in answers} == {(200, b'{"seconds":1.0}')}
        assert {answer.headers["connection"] for answer in answers} == {"close"}
        assert await asyncio.to_thread(running.process.wait, LIMIT) == 0


async def test_while_draining_it_says_so_and_still_answers(
    tmp_path: Path, engine: dict[str, str]
) -> None:
    with service(tmp_path, **engine, TINY_SERVICE_SHUTDOWN_DELAY="1.5") as running:
        reader, writer = await running.connect(request("GET /healthz"))
        kept = await read_answer(reader)

        running.process.send_signal(signal.SIGTERM)
        await asyncio.sleep(0.3)
        writer.write(request("GET /v1/slow"))
        ready = await running.send(request("GET /ready"))
        async with asyncio.timeout(LIMIT):
            answer = await read_answer(reader)
        writer.close()

        assert "connection" not in kept.headers
        assert (ready.status, ready.code) == (503, "SERVICE_UNAVAILABLE")
        assert (answer.status, answer.headers["connection"]) == (200, "close")
        assert await asyncio.to_thread(running.process.wait, LIMIT) == 0


async def test_idle_connection_does_not_delay_the_end(
    tmp_path: Path, engine: dict[str, str]
) -> None:
    with service(tmp_path, **engine) as running:
        reader, writer = await running.connect(request("GET /healthz"))
        await read_answer(reader)
        started = time.monotonic()

        code = await asyncio.to_thread(running.end)
        writer.close()

        assert code == 0
        assert time.monotonic() - started < 3.0


async def test_work_beyond_the_grace_period_is_given_up(
    tmp_path: Path, engine: dict[str, str]
) -> None:
    with service(tmp_path, **engine, TINY_SERVICE_SHUTDOWN_GRACE="0.1") as running:
        _, writer = await running.connect(request("GET /v1/slow"))
        await asyncio.sleep(0.3)
        started = time.monotonic()

        await asyncio.to_thread(running.end)
        writer.close()

        assert time.monotonic() - started < 0.9


@pytest.mark.parametrize("name", [signal.SIGTERM, signal.SIGINT])
def test_either_signal_ends_it_well(
    tmp_path: Path, engine: dict[str, str], name: signal.Signals
) -> None:
    with service(tmp_path, **engine) as running:
        running.process.send_signal(name)

        assert running.process.wait(LIMIT) == 0
        assert running.output.read_bytes() == b""
