"""Makes an emulator go wrong as `/_devstack/faults` says, between the request log and the service."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from hypercorn.typing import (
    ASGIFramework,
    ASGIReceiveCallable,
    ASGISendCallable,
    ASGISendEvent,
    HTTPScope,
    Scope,
    WebsocketResponseStartEvent,
    WebsocketScope,
)

from devstack.emulators.controls import PREFIX, is_local, send_json
from devstack.emulators.hanging_up import hang_up
from devstack.faults import Fault, FaultList, FaultProblem

FAULTS_PATH = f"{PREFIX}faults"
LONGEST_HANG = 600.0
MAX_ORDER_BYTES = 16 * 1024
GARBAGE = b'\x00\xff\xfe{"batches": [NaN, \x80'
PAGE = b"<!doctype html>\n<title>Welcome</title>\n<h1>It works</h1>\n"

Ending = Callable[[Fault, HTTPScope, ASGIReceiveCallable, ASGISendCallable], Awaitable[None]]


class Faulty:
    """ASGI: `GET`, `POST` (add), `PUT` (replace) and `DELETE` of faults, for the same machine only.

    An order is `{"faults": ["error=500 share=30%"], "seed": 0}`.
    """

    def __init__(self, inner: ASGIFramework) -> None:
        self._inner = inner
        self._faults = FaultList()

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        if scope["type"] == "websocket":
            await self._shake_hands(scope, receive, send)
        elif scope["type"] != "http":
            await self._inner(scope, receive, send)
        elif scope["path"] == FAULTS_PATH:
            status, body = await self._order(scope, receive)
            await send_json(send, status, body)
        elif scope["path"].startswith(PREFIX):
            await self._inner(scope, receive, send)
        else:
            await self._serve(scope, receive, send)

    async def _serve(
        self, scope: HTTPScope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        strike = self._faults.strike(scope["path"])
        if strike.seconds:
            await asyncio.sleep(strike.seconds)
        if strike.fault is None:
            await self._inner(scope, receive, send)
        elif strike.fault.kind == "cut":
            await cut(self._inner, scope, receive, send)
        else:
            await _ENDINGS[strike.fault.kind](strike.fault, scope, receive, send)

    async def _shake_hands(
        self, scope: WebsocketScope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        """A socket is late or does not open; those that are open already stay so."""
        strike = self._faults.strike(scope["path"])
        if strike.seconds:
            await asyncio.sleep(strike.seconds)
        if strike.fault is None:
            await self._inner(scope, receive, send)
        elif strike.fault.kind == "hang":
            await _hold(receive, "websocket.disconnect")
        else:
            await send(_refusal(strike.fault.status or 500))
            await send({"type": "websocket.http.response.body", "body": b"", "more_body": False})

    async def _order(
        self, scope: HTTPScope, receive: ASGIReceiveCallable
    ) -> tuple[int, dict[str, object]]:
        if not is_local(scope):
            return 403, {"error": "local only"}
        try:
            if scope["method"] in {"POST", "PUT"}:
                faults, seed = _read_order(await _body(receive))
                self._take(faults, seed, replace=scope["method"] == "PUT")
        except FaultProblem as problem:
            return 400, {"error": str(problem)}
        if scope["method"] == "DELETE":
            self._faults.clear()
        return 200, {"faults": self._faults.texts()}

    def _take(self, faults: list[Fault], seed: int, *, replace: bool) -> None:
        wanted = FaultList() if replace else self._faults
        wanted.add(faults, seed)
        self._faults = wanted


async def _body(receive: ASGIReceiveCallable) -> bytes:
    content = b""
    while len(content) <= MAX_ORDER_BYTES:
        message = await receive()
        if message["type"] != "http.request":
            break
        content += message["body"]
        if not message["more_body"]:
            return content
    raise FaultProblem("The order is too long or was broken off.")


def _read_order(content: bytes) -> tuple[list[Fault], int]:
    try:
        order = json.loads(content)
        texts, seed = order["faults"], order.get("seed", 0)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise FaultProblem('An order is JSON: {"faults": ["error=500"], "seed": 0}.') from error
    if not isinstance(texts, list) or not isinstance(seed, int):
        raise FaultProblem("`faults` is a list of texts, `seed` a whole number.")
    return [Fault.parse(str(text)) for text in texts], seed


async def cut(
    inner: ASGIFramework, scope: HTTPScope, receive: ASGIReceiveCallable, send: ASGISendCallable
) -> None:
    """Half of the answer's body under the length of the whole; the server then closes."""
    messages: list[ASGISendEvent] = []

    async def keep(message: ASGISendEvent) -> None:
        messages.append(message)

    await inner(scope, receive, keep)
    start = next(one for one in messages if one["type"] == "http.response.start")
    body = b"".join(one["body"] for one in messages if one["type"] == "http.response.body")
    told = [pair for pair in start["headers"] if pair[0].lower() != b"content-length"]
    # An empty body has no half: it lacks a byte that was promised.
    length = (b"content-length", b"%d" % max(len(body), 1))
    await send({**start, "headers": [*told, length]})
    await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})


async def _error(
    fault: Fault, _scope: HTTPScope, _receive: ASGIReceiveCallable, send: ASGISendCallable
) -> None:
    phrases = {int(status): status.phrase.capitalize() for status in HTTPStatus}
    await send_json(send, fault.status, {"error": phrases.get(fault.status, "Fault")})


async def _hang(
    _fault: Fault, _scope: HTTPScope, receive: ASGIReceiveCallable, send: ASGISendCallable
) -> None:
    """Until the caller goes away; a caller that never does is dropped in the end."""
    if not await _hold(receive, "http.disconnect"):
        await hang_up(send)


async def _hold(receive: ASGIReceiveCallable, ending: str) -> bool:
    """Say nothing until the caller goes away; False when it never did."""
    try:
        async with asyncio.timeout(LONGEST_HANG):
            while (await receive())["type"] != ending:
                pass
    except TimeoutError:
        return False
    return True


def _refusal(status: int) -> WebsocketResponseStartEvent:
    return {"type": "websocket.http.response.start", "status": status, "headers": []}


async def _down(
    _fault: Fault, _scope: HTTPScope, _receive: ASGIReceiveCallable, send: ASGISendCallable
) -> None:
    await hang_up(send)


async def _garbage(
    _fault: Fault, _scope: HTTPScope, _receive: ASGIReceiveCallable, send: ASGISendCallable
) -> None:
    await _send(send, b"application/json", GARBAGE)


async def _html(
    _fault: Fault, _scope: HTTPScope, _receive: ASGIReceiveCallable, send: ASGISendCallable
) -> None:
    await _send(send, b"text/html; charset=utf-8", PAGE)


async def _send(send: ASGISendCallable, content_type: bytes, body: bytes) -> None:
    headers = [(b"content-type", content_type), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


_ENDINGS: dict[str, Ending] = {
    "error": _error,
    "hang": _hang,
    "down": _down,
    "garbage": _garbage,
    "html": _html,
}
