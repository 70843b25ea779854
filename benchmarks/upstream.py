"""All services behind a BFF in one process that costs next to nothing: bytes made beforehand.

`python -m benchmarks.upstream`, with PORT, ESSAYS (a batch) and CORE in its environment.
"""

import asyncio
import os
import re
from collections.abc import Callable
from urllib.parse import parse_qs

import uvloop

from benchmarks import bodies

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
PLAIN = HEAD.replace(b"application/json", b"application/octet-stream")
ABSENT = b"HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
TEACHERS = 32
ESSAYS = int(os.environ.get("ESSAYS", bodies.ESSAYS))

Answer = Callable[[re.Match[bytes]], bytes]


def _json(body: bytes) -> bytes:
    return HEAD % len(body) + body


def _text(_: re.Match[bytes]) -> bytes:
    return PLAIN % len(bodies.TEXT) + bodies.TEXT


def _page(found: re.Match[bytes]) -> bytes:
    return _json(bodies.page_of(int(found[1]), ESSAYS))


def _infos(found: re.Match[bytes]) -> bytes:
    (ids,) = parse_qs(found[1].decode())["batch_ids"]
    return _json(bodies.class_infos(ids.split(",")))


_ID = rb"([0-9a-f-]{36})"
ROUTES: tuple[tuple[re.Pattern[bytes], Answer], ...] = tuple(
    (re.compile(pattern), answer)
    for pattern, answer in (
        (rb"/internal/v1/batches/user/[0-9a-f-]{24}(\d{12})\?", _page),
        (rb"/internal/v1/batches/class-info\?(.*)$", _infos),
        (rb"/internal/v1/batches/%s/status" % _ID, lambda m: _json(bodies.batch_of(ESSAYS)(m[1]))),
        (rb"/internal/v1/batches/%s/essays/" % _ID, lambda m: _json(bodies.essay_of()(m[1]))),
        (rb"/internal/v1/batches/%s/student-names" % _ID, lambda m: _json(bodies.names_of()(m[1]))),
        (rb"/internal/v1/associations/essay/", lambda _: _json(bodies.name_of())),
        (
            rb"/v1/batches/%s/student-associations" % _ID,
            lambda m: _json(bodies.associations_of()(m[1])),
        ),
        (rb"/v1/classes/\?", lambda _: _json(bodies.classes_of())),
        (rb"/v1/classes/c1a55(\w{3})", lambda m: _json(bodies.roster_of(int(m[1], 16)))),
        (rb"/v1/files/batch/", lambda _: _json(bodies.file_state_of())),
        (rb"/v1/users/", lambda _: _json(bodies.profile_of())),
        (rb"/v1/settings/maintenance", lambda _: _json(bodies.maintenance_of())),
        (rb"/v1/content/", _text),
        (rb"/(bff/)?v1/teacher/", lambda _: _json(bodies.list_of())),
    )
)


def answer_to(target: bytes) -> bytes:
    for pattern, answer in ROUTES:
        found = pattern.match(target)
        if found:
            return answer(found)
    return ABSENT


class Upstream(asyncio.Protocol):
    """Reads heads only: nobody sends a body in these benchmarks."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.WriteTransport = transport  # type: ignore[assignment]  # it is one
        self._given = b""

    def data_received(self, data: bytes) -> None:
        self._given += data
        while b"\r\n\r\n" in self._given:
            head, _, self._given = self._given.partition(b"\r\n\r\n")
            self._transport.write(answer_to(head.split(b" ", 2)[1]))


async def _serve() -> None:
    for teacher in range(TEACHERS):
        # Made on demand, the first pages would be so late that breakers open.
        bodies.page_of(teacher, ESSAYS)
    place = ("127.0.0.1", int(os.environ["PORT"]))
    server = await asyncio.get_running_loop().create_server(Upstream, *place, backlog=2048)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve())
