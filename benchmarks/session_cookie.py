"""CPU that the session cookie costs at the gateway over a bearer token.

`python -m benchmarks.session_cookie`: the same request through one gateway, in turns, with a bearer
token and with the cookie. Prints medians in
microseconds a request; exits with 1 beyond the bound.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Mapping
from itertools import repeat
from pathlib import Path
from statistics import median

from benchmarks import load, payloads
from benchmarks.contestants import gateway
from benchmarks.measuring import upstream
from benchmarks.processes import ServerProcess, other_cores, server_process
from bff_core.clock import SystemClock
from bff_core.context import UserId
from bff_core.testing import SECRET, access_token, bearer, refresh_token
from services.gateway.implementations.session_cookie import (
    AccessToken,
    SessionContent,
    SessionKeys,
    SessionSealer,
)

BOUND = 60.0
"""Microseconds a request."""
CONNECTIONS = 16
WARM_UP_SECONDS = 1.0


def main() -> None:
    parser = argparse.ArgumentParser(prog="session_cookie", description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=1.5, help="of load in a turn")
    options = parser.parse_args()
    os.sched_setaffinity(0, other_cores())
    with tempfile.TemporaryDirectory() as folder, upstream() as behind:
        shipped = gateway(behind.url, Path(folder))
        with server_process("gateway", shipped.command, shipped.environment) as process:
            costs = measure(process, rounds=options.rounds, seconds=options.seconds)
    added = [cookie - token for cookie, token in zip(costs["cookie"], costs["bearer"], strict=True)]
    for name, figures in costs.items():
        print(f"{name:<10} {median(figures):7.1f} us a request")
    print(f"{'added':<10} {median(added):7.1f} us (bound {BOUND:.0f})")
    sys.exit(1 if median(added) > BOUND else 0)


def measure(process: ServerProcess, *, rounds: int, seconds: float) -> Mapping[str, list[float]]:
    """CPU in microseconds a request, by kind; the turns of a round follow each other."""
    requests = prepared()
    costs: dict[str, list[float]] = {name: [] for name in requests}
    for request in requests.values():
        _cost(process, request, WARM_UP_SECONDS)
    for _ in range(rounds):
        for name, request in requests.items():
            costs[name].append(_cost(process, request, seconds))
    return costs


def _cost(process: ServerProcess, request: bytes, seconds: float) -> float:
    result = load.closed_loop(
        process.port,
        repeat(request),
        connections=CONNECTIONS,
        seconds=seconds,
        cpu_clock=process.cpu_seconds,
    )
    return result.cost * 1e6


def prepared() -> dict[str, bytes]:
    """One request of each kind: what a browser sends, but for who sends it."""
    now = SystemClock().now()
    user = payloads.teacher_id(0)
    token = access_token(user, now=now)
    content = SessionContent(
        audience="production",
        session_id="a-session-of-the-benchmark",
        csrf="a-token-of-the-benchmark",
        user_id=UserId(user),
        email="anna.lindqvist@demo.huleedu.se",
        name="Anna Lindqvist",
        created_at=now.timestamp(),
        expires_at=now.timestamp() + 86_400,
        seen_at=now.timestamp(),
        refresh_token=refresh_token(user, now=now),
        access=AccessToken(token, now.timestamp() + 3600, now.timestamp() + 3540),
    )
    sealed = SessionSealer(SessionKeys([SECRET]), "production").seal(content)
    cookie = f"Cookie: __Host-session={sealed}\r\n"
    return {
        "bearer": _request(f"Authorization: {bearer(token)}\r\n"),
        "cookie": _request(cookie),
    }


def _request(who: str) -> bytes:
    return (
        "GET /bff/v1/teacher/dashboard?limit=20&offset=0 HTTP/1.1\r\nHost: bff.example\r\n"
        "Accept: application/json\r\nAccept-Language: sv-SE,sv;q=0.8\r\n"
        "Sec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: cors\r\n"
        "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n"
        f"{who}\r\n"
    ).encode()


if __name__ == "__main__":
    main()
