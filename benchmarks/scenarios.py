"""What is asked, by whom, and of which contestants."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks import bodies
from benchmarks.contestants import (
    MakeContestant,
    bare,
    bare_proxy,
    fastapi,
    fastify,
    floor,
    gateway,
    ours,
    ours_on_granian,
    remembering_floor,
)
from bff_core.clock import SystemClock
from bff_core.testing import access_token, bearer

TEACHERS = 32
"""Enough that no answer is shared by luck; few enough that their classes stay in memory."""
FEW_TEACHERS = 8

Paths = Callable[[int, int], str]
"""From the number of a request and of its teacher to what is asked."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """`against` is the contestant that ours is compared with; `paths` may differ by contestant.

    `behind` is the slowest that ours asks for it, None when it asks nobody.
    """

    name: str
    says: str
    contestants: Sequence[MakeContestant]
    path: Paths
    against: str
    peer_path: Paths | None = None
    teachers: int = TEACHERS
    behind: Paths | None = None

    def maker_behind(self) -> Callable[[int], bytes] | None:
        """Requests for the slowest upstream, by number."""
        ask = self.behind
        if ask is None:
            return None

        def make(number: int) -> bytes:
            path = ask(number, number % self.teachers)
            return b"GET %s HTTP/1.1\r\nHost: upstream\r\n\r\n" % path.encode()

        return make

    def maker(self, contestant: str) -> Callable[[int], bytes]:
        """Requests for one contestant, by number."""
        theirs = self.peer_path if self.peer_path and contestant == self.against else self.path
        heads = [_head(number) for number in range(self.teachers)]

        def make(number: int) -> bytes:
            teacher = number % self.teachers
            return b"GET %s HTTP/1.1\r\n%s" % (theirs(number, teacher).encode(), heads[teacher])

        return make


def _head(teacher: int) -> bytes:
    user = bodies.teacher_id(teacher)
    token = bearer(access_token(user, now=SystemClock().now()))
    return (
        "Host: bff.example\r\nAccept: application/json\r\nAccept-Language: sv-SE,sv;q=0.8\r\n"
        f"Authorization: {token}\r\nX-User-ID: {user}\r\n"
        "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n\r\n"
    ).encode()


def _page_behind(number: int, teacher: int) -> str:
    user = bodies.teacher_id(teacher)
    return f"/internal/v1/batches/user/{user}?limit=20&offset={number % 1_000_000}"


def _batch_behind(number: int, teacher: int) -> str:
    return f"/internal/v1/batches/{bodies.batch_id(number + 1000, teacher)}/status"


def _page(number: int, _: int) -> str:
    """A page that nobody has read: RAS is asked each time, about classes CMS has told already."""
    return f"/v1/teacher/dashboard?limit=20&offset={number % 1_000_000}"


def _same_page(_: int, __: int) -> str:
    return "/v1/teacher/dashboard?limit=20&offset=0"


def _profile(_: int, __: int) -> str:
    return "/v1/teacher/me"


def _bytes(_: int, __: int) -> str:
    return "/bytes"


def _batch(number: int, teacher: int) -> str:
    return f"/v1/teacher/batches/{bodies.batch_id(number + 1000, teacher)}"


def _essay(number: int, teacher: int) -> str:
    return f"{_batch(number, teacher)}/essays/{bodies.essay_id(0, number + 1000)}"


def _associations(number: int, teacher: int) -> str:
    return f"{_batch(number, teacher)}/associations"


def _through(_: int, __: int) -> str:
    return "/bff/v1/teacher/dashboard?limit=20&offset=0"


# The nearer two stand, the more their turns have in common; the floor is the closest race.
SCENARIOS = (
    Scenario(
        "dashboard",
        "20 batches of 25 essays; RAS is asked each time, class data are warm",
        (ours, floor, remembering_floor, bare, ours_on_granian, fastapi, fastify),
        _page,
        "aiohttp floor",
        behind=_page_behind,
    ),
    Scenario(
        "detail",
        "one batch, four services asked",
        (ours, bare),
        _batch,
        "bare Quart",
        behind=_batch_behind,
    ),
    Scenario(
        "essay",
        "one essay, five questions asked",
        (ours, bare),
        _essay,
        "bare Quart",
        behind=_batch_behind,
    ),
    Scenario(
        "associations",
        "matches of a batch, two services asked, rosters warm",
        (ours, bare),
        _associations,
        "bare Quart",
        behind=_batch_behind,
    ),
    Scenario(
        "cached",
        "the dashboard from memory, against Quart and the same bytes",
        (ours, bare),
        _same_page,
        "bare Quart",
        _bytes,
        FEW_TEACHERS,
    ),
    Scenario(
        "profile",
        "who am I, from memory, against Quart and bytes",
        (ours, bare),
        _profile,
        "bare Quart",
        _bytes,
        FEW_TEACHERS,
    ),
    Scenario(
        "gateway",
        "one request through the edge",
        (gateway, bare_proxy),
        _through,
        "bare proxy",
        behind=_through,
    ),
)
