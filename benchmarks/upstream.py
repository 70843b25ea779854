"""All downstream services in one cheap process that sends prepared bytes.

`python -m benchmarks.upstream` with PORT and optionally ESSAYS (a batch) in the environment.
"""

import asyncio
import os
import re
from collections.abc import Callable
from urllib.parse import parse_qs

import uvloop

from benchmarks import payloads
from benchmarks.situations import place_of

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
BINARY_HEAD = HEAD.replace(b"application/json", b"application/octet-stream")
NOT_FOUND = (
    b"HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
)
TEACHERS = 32
ESSAYS = int(os.environ.get("ESSAYS", payloads.ESSAYS))

Respond = Callable[[re.Match[bytes]], bytes]


def _json(body: bytes) -> bytes:
    return HEAD % len(body) + body


def _text(_: re.Match[bytes]) -> bytes:
    return BINARY_HEAD % len(payloads.TEXT) + payloads.TEXT


def _page(found: re.Match[bytes]) -> bytes:
    return _json(payloads.batch_page(int(found[1]), ESSAYS, int(found[2])))


def _infos(found: re.Match[bytes]) -> bytes:
    (ids,) = parse_qs(found[1].decode())["batch_ids"]
    return _json(payloads.class_infos(ids.split(",")))


_ID = rb"([0-9a-f-]{36})"
ROUTES: tuple[tuple[re.Pattern[bytes], Respond], ...] = tuple(
    (re.compile(pattern), respond)
    for pattern, respond in (
        (rb"/internal/v1/batches/user/[0-9a-f-]{24}(\d{12})\?.*offset=(\d+)", _page),
        (rb"/internal/v1/batches/class-info\?(.*)$", _infos),
        (
            rb"/internal/v1/batches/%s/status" % _ID,
            lambda m: _json(payloads.batch_template(ESSAYS)(m[1])),
        ),
        (
            rb"/internal/v1/batches/%s/pipeline-state" % _ID,
            lambda m: _json(payloads.phases_template(place_of(m[1]))(m[1])),
        ),
        (
            rb"/internal/v1/batches/%s/essays/" % _ID,
            lambda m: _json(payloads.essay_template()(m[1])),
        ),
        (
            rb"/internal/v1/batches/%s/student-names" % _ID,
            lambda m: _json(payloads.student_names_template()(m[1])),
        ),
        (
            rb"/internal/v1/associations/essay/%s" % _ID,
            lambda m: _json(payloads.student_name(m[1].decode())),
        ),
        (
            rb"/v1/batches/%s/student-associations" % _ID,
            lambda m: _json(payloads.associations_template()(m[1])),
        ),
        (rb"/v1/classes/\?", lambda _: _json(payloads.class_page())),
        (rb"/v1/classes/c1a55(\w{3})", lambda m: _json(payloads.roster(int(m[1], 16)))),
        (
            rb"/v1/files/batch/%s/state" % _ID,
            lambda m: _json(payloads.file_state_template()(m[1])),
        ),
        (rb"/v1/entitlements/balance/", lambda _: _json(payloads.balance())),
        (rb"/v1/users/", lambda _: _json(payloads.profile())),
        (rb"/v1/settings/maintenance", lambda _: _json(payloads.maintenance())),
        (rb"/v1/content/", _text),
        (rb"/(bff/)?v1/teacher/", lambda _: _json(payloads.batch_list())),
    )
)


def response_to(target: bytes) -> bytes:
    for pattern, respond in ROUTES:
        found = pattern.match(target)
        if found:
            return respond(found)
    return NOT_FOUND


class Upstream(asyncio.Protocol):
    """Responds to every request head. Requests have no bodies in these benchmarks."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.WriteTransport = transport  # type: ignore[assignment]  # it is one
        self._buffer = b""

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while b"\r\n\r\n" in self._buffer:
            head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
            self._transport.write(response_to(head.split(b" ", 2)[1]))


async def _serve() -> None:
    for number in range(TEACHERS):
        # Building the pages on demand would delay the first responses until breakers open.
        for teacher in (number, payloads.FIRST_FINISHED + number):
            payloads.batch_page(teacher, ESSAYS)
    address = ("127.0.0.1", int(os.environ["PORT"]))
    server = await asyncio.get_running_loop().create_server(Upstream, *address, backlog=2048)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve())
