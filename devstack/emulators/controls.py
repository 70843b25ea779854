"""What only the devstack has: a request log and switches under `/_devstack`, before any fault."""

import json
from collections import deque
from collections.abc import Awaitable, Callable, Mapping

from hypercorn.typing import (
    ASGIFramework,
    ASGIReceiveCallable,
    ASGISendCallable,
    HTTPScope,
    Scope,
    WWWScope,
)

PREFIX = "/_devstack/"
MAX_REQUESTS = 5_000
_LOOPBACK = frozenset({"127.0.0.1", "::1", "<local>"})
_SHOWN_HEADERS = frozenset(
    {
        "accept",
        "content-type",
        "traceparent",
        "user-agent",
        "x-correlation-id",
        "x-identity-encoding",
        "x-org-id",
        "x-request-timeout-ms",
        "x-service-id",
        "x-user-id",
    }
)
# Tests ask whether these were sent; their values are secrets.
_PRESENT_HEADERS = frozenset({"authorization", "cookie", "x-internal-api-key"})

Page = Callable[[], Awaitable[object]]
Reply = tuple[int, object]


class Switches:
    """Named choices that a test or a person turns while the emulator runs."""

    def __init__(self, choices: Mapping[str, tuple[str, ...]], **values: str) -> None:
        self._choices = dict(choices)
        self._values = {name: allowed[0] for name, allowed in choices.items()} | values

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def turn(self, name: str, value: str) -> bool:
        """False when there is no such switch or it has no such position."""
        if value not in self._choices.get(name, ()):
            return False
        self._values[name] = value
        return True

    def positions(self) -> dict[str, str]:
        return dict(self._values)


class Controls:
    """ASGI: answers `/_devstack/requests`, `/switches[/name/value]` and pages; logs all else.

    Only for the same machine. Paths under the prefix that it does not know go on inwards, where a
    wrapper may know them.
    """

    def __init__(
        self, inner: ASGIFramework, switches: Switches, pages: Mapping[str, Page] | None = None
    ) -> None:
        self._inner = inner
        self._switches = switches
        self._pages = dict(pages or {})
        self._requests: deque[dict[str, object]] = deque(maxlen=MAX_REQUESTS)

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        reply = await self._reply(scope["method"], scope["path"])
        if reply is not None:
            status, body = reply if is_local(scope) else (403, {"error": "local only"})
            await send_json(send, status, body)
            return
        if not scope["path"].startswith(PREFIX):
            self._requests.append(_entry(scope))
        await self._inner(scope, receive, send)

    async def _reply(self, method: str, path: str) -> Reply | None:
        if not path.startswith(PREFIX):
            return None
        name, *rest = path.removeprefix(PREFIX).split("/")
        if name == "requests":
            return self._requests_reply(method)
        if name == "switches":
            return self._switches_reply(method, rest)
        if name in self._pages:
            return 200, await self._pages[name]()
        return None

    def _requests_reply(self, method: str) -> Reply:
        if method == "DELETE":
            self._requests.clear()
        return 200, {"requests": list(self._requests)}

    def _switches_reply(self, method: str, rest: list[str]) -> Reply:
        turned = method != "PUT" or (len(rest) == 2 and self._switches.turn(*rest))
        return (200 if turned else 404), self._switches.positions()


def is_local(scope: WWWScope) -> bool:
    client = scope.get("client")
    return client is None or client[0] in _LOOPBACK


def _entry(scope: HTTPScope) -> dict[str, object]:
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    shown = {name: value for name, value in headers.items() if name in _SHOWN_HEADERS}
    present = {name: "present" for name in headers if name in _PRESENT_HEADERS}
    return {
        "method": scope["method"],
        "path": scope["path"],
        "query": scope["query_string"].decode("latin-1"),
        "headers": {**shown, **present},
    }


async def send_json(send: ASGISendCallable, status: int, body: object) -> None:
    content = json.dumps(body).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(content))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content, "more_body": False})
