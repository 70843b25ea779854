"""Waiting for what comes by itself, and out a limit that a stack elsewhere sets."""

import time
from collections.abc import Callable

import httpx

MOST_WAITS = 6
WAIT_SECONDS = 15.0
MOST_SECONDS = 60.0


def patiently(send: Callable[[], httpx.Response]) -> httpx.Response:
    """Ask again when there was a limit in the way, as often as is reasonable."""
    for _ in range(MOST_WAITS):
        answer = send()
        if answer.status_code != 429 and "RATE_LIMIT" not in answer.text[:200]:
            return answer
        time.sleep(float(answer.headers.get("Retry-After", WAIT_SECONDS)))
    return send()


def wait_until(holds: Callable[[], bool]) -> None:
    """Ask until it holds, for a minute at most."""
    end = time.monotonic() + MOST_SECONDS
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.2)
