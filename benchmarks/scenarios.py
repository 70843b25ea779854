"""Scenarios: the requests, the contestants, and the slowest upstream behind them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from benchmarks import payloads
from benchmarks.contestants import (
    ENGINES,
    MakeContestant,
    bare_quart,
    baseline_of,
    baseline_on_granian,
    fastapi,
    fastify,
    floor,
    floor_with_names,
    gateway,
    on_engine,
    ours,
)
from bff_core.clock import SystemClock
from bff_core.testing import access_token, bearer

TEACHERS = 32
"""Too many for a cached page to be hit by chance, few enough for their classes to stay cached."""
FEW_TEACHERS = 8

MakePath = Callable[[int, int], str]
"""Makes a request target from the number of the request and of its teacher."""
MakeRequest = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Scenario:
    """The first contestant is the one that the table compares the others with.

    `first_teacher` tells whose batches are shown: `payloads.FIRST_FINISHED` has finished ones alone.
    `upstream_path` is the slowest request that ours sends to its upstream; None when it sends none.
    """

    name: str
    description: str
    contestants: Sequence[MakeContestant]
    path: MakePath
    teachers: int = TEACHERS
    first_teacher: int = 0
    upstream_path: MakePath | None = None

    def requests(self) -> MakeRequest:
        heads = {number: _head(number) for number in self._teachers()}

        def make(number: int) -> bytes:
            teacher = self._teacher(number)
            return b"GET %s HTTP/1.1\r\n%s" % (self.path(number, teacher).encode(), heads[teacher])

        return make

    def upstream_requests(self) -> MakeRequest | None:
        path = self.upstream_path
        if path is None:
            return None

        def make(number: int) -> bytes:
            target = path(number, self._teacher(number))
            return b"GET %s HTTP/1.1\r\nHost: upstream\r\n\r\n" % target.encode()

        return make

    def _teachers(self) -> range:
        return range(self.first_teacher, self.first_teacher + self.teachers)

    def _teacher(self, number: int) -> int:
        return self._teachers()[number % self.teachers]


def _head(teacher: int) -> bytes:
    user = payloads.teacher_id(teacher)
    token = bearer(access_token(user, now=SystemClock().now()))
    return (
        "Host: bff.example\r\nAccept: application/json\r\nAccept-Language: sv-SE,sv;q=0.8\r\n"
        f"Authorization: {token}\r\nX-User-ID: {user}\r\n"
        "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n\r\n"
    ).encode()


def _new_page(number: int, _: int) -> str:
    """A page that is in no cache; its classes are."""
    return f"/v1/teacher/dashboard?limit=20&offset={number % 1_000_000}"


def _new_page_upstream(number: int, teacher: int) -> str:
    user = payloads.teacher_id(teacher)
    return f"/internal/v1/batches/user/{user}?limit=20&offset={number % 1_000_000}"


def _batch(number: int, teacher: int) -> str:
    return f"/v1/teacher/batches/{payloads.batch_id(number + 1000, teacher)}"


def _batch_upstream(number: int, teacher: int) -> str:
    return f"/internal/v1/batches/{payloads.batch_id(number + 1000, teacher)}/status"


def _essay(number: int, teacher: int) -> str:
    return f"{_batch(number, teacher)}/essays/{payloads.essay_id(0, number + 1000)}"


def _associations(number: int, teacher: int) -> str:
    return f"{_batch(number, teacher)}/associations"


def _constant(path: str) -> MakePath:
    return lambda _number, _teacher: path


ours_on_hypercorn, ours_on_granian = (partial(ours, engine) for engine in ENGINES)
_quart_bytes = [on_engine("Quart bytes", "quart_bytes", engine) for engine in ENGINES]
_bare_proxy = on_engine("bare proxy", "quart_proxy", "Granian")
_through_gateway = _constant("/bff/v1/teacher/dashboard?limit=20&offset=0")

# Neighbours share most of their noise, so the closest races stand side by side.
_all_peers = (
    *(ours_on_hypercorn, floor, ours_on_granian, floor_with_names),
    *(bare_quart, fastapi, fastify),
)
SCENARIOS = (
    Scenario(
        "dashboard",
        "20 batches of 25 essays that nobody has read yet, 13 calls; class data are cached",
        _all_peers,
        _new_page,
        upstream_path=_new_page_upstream,
    ),
    Scenario(
        "finished",
        "20 batches of 25 essays that nobody has read yet and that have all finished, 2 calls",
        _all_peers,
        _new_page,
        first_teacher=payloads.FIRST_FINISHED,
        upstream_path=_new_page_upstream,
    ),
    Scenario(
        "detail",
        "one batch from four services",
        (ours_on_hypercorn, bare_quart),
        _batch,
        upstream_path=_batch_upstream,
    ),
    Scenario(
        "essay",
        "one essay from five downstream calls",
        (ours_on_hypercorn, bare_quart),
        _essay,
        upstream_path=_batch_upstream,
    ),
    Scenario(
        "associations",
        "matches of a batch from two services, rosters are cached",
        (ours_on_hypercorn, bare_quart),
        _associations,
        upstream_path=_batch_upstream,
    ),
    Scenario(
        "cached",
        "the dashboard from the cache, beside fixed bytes from plain Quart",
        (ours_on_hypercorn, _quart_bytes[0], ours_on_granian, _quart_bytes[1]),
        _constant("/v1/teacher/dashboard?limit=20&offset=0"),
        FEW_TEACHERS,
    ),
    Scenario(
        "profile",
        "the profile from the cache, beside fixed bytes from plain Quart",
        (ours_on_hypercorn, _quart_bytes[0], ours_on_granian, _quart_bytes[1]),
        _constant("/v1/teacher/me"),
        FEW_TEACHERS,
    ),
    Scenario(
        "gateway",
        "one request through the gateway",
        (gateway, _bare_proxy),
        _through_gateway,
        upstream_path=_through_gateway,
    ),
)


def with_baseline(scenario: Scenario, root: Path) -> Scenario:
    """The scenario with the same service of another checkout, as it was shipped there."""
    first, *others = scenario.contestants
    more: list[MakeContestant] = [partial(baseline_of, root, first)]
    if scenario.name in {"dashboard", "finished"}:
        more.append(partial(baseline_on_granian, root))
    return replace(scenario, contestants=(first, *more, *others))
