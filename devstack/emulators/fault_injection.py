"""Injects faults into an emulator, as ordered at `/_devstack/faults`."""

import asyncio
import json
import os
import socket
import stat
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path

from hypercorn.typing import (
    ASGIFramework,
    ASGIReceiveCallable,
    ASGISendCallable,
    ASGISendEvent,
    HTTPScope,
    Scope,
    WebsocketScope,
    WWWScope,
)

from devstack.emulators.control import PREFIX, is_local, send_body, send_json
from devstack.faults import Fault, FaultError, FaultList

FAULTS_PATH = f"{PREFIX}faults"
LONGEST_HANG_SECONDS = 600.0
MAX_BODY_BYTES = 16 * 1024
GARBAGE = b'\x00\xff\xfe{"batches": [NaN, \x80'
HTML_PAGE = b"<!doctype html>\n<title>Welcome</title>\n<h1>It works</h1>\n"


class FaultMiddleware:
    """ASGI: `GET`, `POST` (add), `PUT` (replace) and `DELETE` of faults, for the same machine only.

    A body is `{"faults": ["error=500 share=30%"], "seed": 0}`.
    """

    def __init__(self, inner: ASGIFramework) -> None:
        self._inner = inner
        self._faults = FaultList()

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        if scope["type"] == "http" and scope["path"] == FAULTS_PATH:
            status, body = await self._configure(scope, receive)
            await send_json(send, status, body)
        elif scope["type"] == "lifespan" or scope["path"].startswith(PREFIX):
            await self._inner(scope, receive, send)
        else:
            drawn = self._faults.draw(scope["path"])
            await asyncio.sleep(drawn.seconds)
            if drawn.fault is None:
                await self._inner(scope, receive, send)
            elif scope["type"] == "websocket":
                await _fail_handshake(drawn.fault, scope, receive, send)
            else:
                await _fail(drawn.fault, self._inner, scope, receive, send)

    async def _configure(
        self, scope: HTTPScope, receive: ASGIReceiveCallable
    ) -> tuple[int, dict[str, object]]:
        """Status and body of the answer, after the change that the request asks for."""
        method = scope["method"]
        if not is_local(scope):
            return 403, {"error": "local only"}
        try:
            if method in {"POST", "PUT"}:
                faults, seed = _parse_body(await _read_body(receive))
                changed = FaultList() if method == "PUT" else self._faults
                changed.add(faults, seed)
                self._faults = changed
        except FaultError as error:
            return 400, {"error": str(error)}
        if method == "DELETE":
            self._faults.clear()
        return 200, {"faults": self._faults.texts()}


async def _read_body(receive: ASGIReceiveCallable) -> bytes:
    content = b""
    while len(content) <= MAX_BODY_BYTES:
        message = await receive()
        if message["type"] != "http.request":
            break
        content += message["body"]
        if not message["more_body"]:
            return content
    raise FaultError("The body is too long or was broken off.")


def _parse_body(content: bytes) -> tuple[list[Fault], int]:
    try:
        body = json.loads(content)
        texts, seed = body["faults"], body.get("seed", 0)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise FaultError('The body is JSON: {"faults": ["error=500"], "seed": 0}.') from error
    if not isinstance(texts, list) or not isinstance(seed, int):
        raise FaultError("`faults` is a list of texts, `seed` a whole number.")
    return [Fault.parse(str(text)) for text in texts], seed


async def _fail(
    fault: Fault,
    inner: ASGIFramework,
    scope: HTTPScope,
    receive: ASGIReceiveCallable,
    send: ASGISendCallable,
) -> None:
    match fault.kind:
        case "error":
            phrases = {int(status): status.phrase.capitalize() for status in HTTPStatus}
            await send_json(send, fault.status, {"error": phrases.get(fault.status, "Fault")})
        case "garbage":
            await send_body(send, 200, b"application/json", GARBAGE)
        case "html":
            await send_body(send, 200, b"text/html; charset=utf-8", HTML_PAGE)
        case "cut":
            await _send_half(inner, scope, receive, send)
        case "hang":
            await _hang(scope, receive)
        case "down":
            close_connection(scope)


async def _send_half(
    inner: ASGIFramework, scope: HTTPScope, receive: ASGIReceiveCallable, send: ASGISendCallable
) -> None:
    """Half of the answer's body under the length of the whole; the server then closes."""
    messages: list[ASGISendEvent] = []

    async def keep(message: ASGISendEvent) -> None:
        messages.append(message)

    await inner(scope, receive, keep)
    start = next(one for one in messages if one["type"] == "http.response.start")
    body = b"".join(one["body"] for one in messages if one["type"] == "http.response.body")
    headers = [pair for pair in start["headers"] if pair[0].lower() != b"content-length"]
    # An empty body has no half: it lacks one promised byte.
    headers.append((b"content-length", b"%d" % max(len(body), 1)))
    await send({**start, "headers": headers})
    await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})


async def _fail_handshake(
    fault: Fault, scope: WebsocketScope, receive: ASGIReceiveCallable, send: ASGISendCallable
) -> None:
    """Refuse or delay a socket that opens; open sockets stay open."""
    if fault.kind == "hang":
        await _hang(scope, receive)
        return
    status = fault.status or 500
    await send({"type": "websocket.http.response.start", "status": status, "headers": []})
    await send({"type": "websocket.http.response.body", "body": b"", "more_body": False})


async def _hang(scope: WWWScope, receive: ASGIReceiveCallable) -> None:
    """Wait until the caller goes away; close the connection after the longest hang."""
    try:
        async with asyncio.timeout(LONGEST_HANG_SECONDS):
            while not (await receive())["type"].endswith(".disconnect"):
                pass
    except TimeoutError:
        close_connection(scope)


def close_connection(scope: WWWScope) -> None:
    """Close the client's TCP connection without an answer, for which ASGI has no message.

    The socket is found among the process's file descriptors by its peer address.
    """
    for file in Path("/dev/fd").iterdir():
        number = int(file.name)
        with suppress(OSError):
            if stat.S_ISSOCK(os.fstat(number).st_mode):
                _shut_down(number, scope.get("client"))


def _shut_down(number: int, client: object) -> None:
    with socket.socket(fileno=os.dup(number)) as connection:
        if connection.getpeername()[:2] == client:
            connection.shutdown(socket.SHUT_RDWR)
