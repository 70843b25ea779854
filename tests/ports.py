"""Ports for processes that tests start, from a slice of each test worker's own.

A port that the kernel chose (`bind` to 0) and that was given back may go to another worker, or to
somebody's outgoing connection, before the process that it was meant for listens on it. These lie
below the range from which the kernel chooses, and above those of the demo stacks (`free_offset`).
"""

import itertools
import os
import random
import socket
from collections.abc import Iterator

FIRST, SLICE, SLICES = 27_600, 640, 8
TRIES = 200


def _slice_of_this_worker() -> range:
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    first = FIRST + number % SLICES * SLICE
    return range(first, first + SLICE)


def _endlessly(ports: range) -> Iterator[int]:
    # Another run on the same machine has the same slices: begin anywhere.
    start = random.randrange(len(ports))
    return itertools.islice(itertools.cycle(ports), start, None)


_ports = _endlessly(_slice_of_this_worker())


def free_port(host: str = "127.0.0.1") -> int:
    """A TCP port on which nobody listens, and which is not given out again soon."""
    for port in itertools.islice(_ports, TRIES):
        with socket.socket(family_of(host)) as probe:
            try:
                probe.bind((host, port))
            except OSError:
                continue
        return port
    raise RuntimeError(f"none of {TRIES} ports is free")


def family_of(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
