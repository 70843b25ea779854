"""What the gateway costs a request, in CPU, over a bare Quart and aiohttp proxy.

Both run as one process each under the same Hypercorn with uvloop, in front of the same upstream, and
take turns in one run. A round sends a number of requests over kept connections and reads the CPU
time that the process under test spent meanwhile. `python -m benchmarks.gateway_overhead`.
"""

import argparse
import asyncio
import json
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bff_core.clock import SystemClock
from bff_core.testing import SECRET, access_token, bearer

ROOT = Path(__file__).resolve().parents[1]
PATH = "/bff/v1/teacher/dashboard?limit=20&offset=0"
TICKS = os.sysconf("SC_CLK_TCK")
READY_WITHIN = 20.0
BODY = json.dumps({"batches": [{"batch_id": str(number)} for number in range(100)]}).encode()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--requests", type=int, default=3000)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--redis", help="URL of a Redis for the gateway's limits; memory without")
    parser.add_argument("--json", action="store_true", help="print figures only")
    given = parser.parse_args()
    figures = measure(given.rounds, given.requests, given.connections, given.redis)
    print(json.dumps(figures) if given.json else table(figures))


def measure(
    rounds: int, requests: int, connections: int, redis: str | None
) -> dict[str, float | list[float]]:
    """CPU per request in microseconds, medians over the rounds, and their ratio."""
    with ExitStack() as stack:
        upstream = stack.enter_context(_serving("upstream", {}))
        behind = {"UPSTREAM": f"http://127.0.0.1:{upstream[1]}"}
        bare = stack.enter_context(_serving("bare", behind))
        gateway = stack.enter_context(gateway_process(behind["UPSTREAM"], redis))
        spent: dict[str, list[float]] = {"bare": [], "gateway": []}
        turns = (("bare", bare), ("gateway", gateway)) * (rounds + 1)
        for name, (pid, port) in turns:
            spent[name].append(asyncio.run(_round(pid, port, requests, connections)))
    # The first round warmed both up.
    spent = {name: costs[1:] for name, costs in spent.items()}
    medians = {name: statistics.median(costs) for name, costs in spent.items()}
    return {
        "bare_us": round(medians["bare"], 1),
        "gateway_us": round(medians["gateway"], 1),
        "ratio": round(medians["gateway"] / medians["bare"], 3),
        "bare_rounds_us": [round(cost, 1) for cost in spent["bare"]],
        "gateway_rounds_us": [round(cost, 1) for cost in spent["gateway"]],
    }


def table(figures: Mapping[str, float | list[float]]) -> str:
    return (
        "CPU per request (median of rounds)\n"
        f"  bare Quart + aiohttp proxy  {figures['bare_us']:>8} us\n"
        f"  gateway                     {figures['gateway_us']:>8} us\n"
        f"  ratio                       {figures['ratio']:>8}"
    )


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


async def _round(pid: int, port: int, requests: int, connections: int) -> float:
    head = (
        f"GET {PATH} HTTP/1.1\r\nHost: gateway.example\r\nAccept: application/json\r\n"
        f"Authorization: {bearer(access_token(now=SystemClock().now()))}\r\n"
        "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n"
        "Accept-Language: sv-SE,sv;q=0.8\r\nAccept-Encoding: gzip, deflate\r\n\r\n"
    ).encode()
    before = cpu_seconds(pid)
    async with asyncio.TaskGroup() as group:
        for _ in range(connections):
            group.create_task(_client(port, head, requests // connections))
    return (cpu_seconds(pid) - before) / (requests // connections * connections) * 1e6


async def _client(port: int, head: bytes, times: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(times):
        writer.write(head)
        answer = await reader.readuntil(b"\r\n\r\n")
        if not answer.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(answer.decode("latin-1"))
        await _body(reader, answer.lower())
    writer.close()


async def _body(reader: asyncio.StreamReader, head: bytes) -> None:
    if b"content-length:" in head:
        length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
        await reader.readexactly(length)
        return
    while size := int(await reader.readline(), 16):
        await reader.readexactly(size + 2)
    await reader.readline()


@contextmanager
def gateway_process(upstream: str, redis: str | None) -> Iterator[tuple[int, int]]:
    environment = {
        "ENVIRONMENT": "testing",
        "JWT_SECRET_KEY": SECRET,
        "BFF_TEACHER_URL": upstream,
        "API_GATEWAY_USER_PER_MINUTE": "100000000",
        "API_GATEWAY_SHUTDOWN_GRACE": "1",
        **({"REDIS_URL": redis} if redis else {}),
    }
    with _process(["-m", "services.gateway"], environment) as running:
        yield running


@contextmanager
def _serving(what: str, environment: Mapping[str, str]) -> Iterator[tuple[int, int]]:
    with _process(["-m", "benchmarks.proxy_peers", what], environment) as running:
        yield running


@contextmanager
def _process(arguments: list[str], environment: Mapping[str, str]) -> Iterator[tuple[int, int]]:
    """A Python process that listens on a port of its own; gives its id and the port."""
    port = _free_port()
    process = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={
            "PATH": os.environ.get("PATH", ""),
            "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'shared'}",
            "PORT": str(port),
            "API_GATEWAY_PORT": str(port),
            **environment,
        },
        stdout=subprocess.DEVNULL,
    )
    try:
        _wait(process, port)
        yield process.pid, port
    finally:
        process.terminate()
        process.wait(timeout=15)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port: int = held.getsockname()[1]
        return port


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    end = time.monotonic() + READY_WITHIN
    while time.monotonic() < end and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"{process.args!r} did not start")


if __name__ == "__main__":
    main()
