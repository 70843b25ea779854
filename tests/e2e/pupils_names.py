"""The names of the demo's pupils, and the places of a devstack where none may be."""

import json
from collections.abc import Iterator

import httpx
from redis import Redis

from devstack.seed import Dataset
from devstack.supervisor.processes import REDIS_PORT
from tests.e2e.demo_stack import DemoStack

CARRIERS = {"gateway": 8080, "bff_teacher": 4101}
SHORTEST = 5
"""Letters; a shorter name may be a part of a word."""
OF_THE_PLATFORM = (b"ras:",)
"""Keys in Redis that the platform's own services write."""


def marks_of(data: Dataset) -> frozenset[bytes]:
    """Family names as text and as JSON writes them, and what is in every pupil's address."""
    teachers = " ".join(person.last_name for person in data.people)
    names = {one.last_name for one in data.students if len(one.last_name) >= SHORTEST}
    plain = {name for name in names if name not in teachers} | {"@elev.example"}
    return frozenset(text.encode() for name in plain for text in (name, json.dumps(name)[1:-1]))


def named_in(text: bytes, marks: frozenset[bytes]) -> list[bytes]:
    return sorted(mark for mark in marks if mark in text)


def places_of(stack: DemoStack) -> Iterator[tuple[str, bytes]]:
    """Redis, and the log and the metrics of the services through which names pass."""
    with Redis(port=REDIS_PORT + stack.offset) as redis:
        keys = [key for key in redis.scan_iter("*") if not key.startswith(OF_THE_PLATFORM)]
        yield "redis", b"".join(key + bytes(redis.dump(key) or b"") for key in keys)
    for name, port in CARRIERS.items():
        yield f"log of {name}", (stack.home / "logs" / f"{name}.log").read_bytes()
        yield f"metrics of {name}", httpx.get(f"{stack.url(port)}/metrics", timeout=10).content
