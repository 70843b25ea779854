"""The devstack's control routes under `/_devstack`: request log, switches and other pages."""

import json
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import cast

from hypercorn.typing import (
    ASGIFramework,
    ASGIReceiveCallable,
    ASGISendCallable,
    HTTPScope,
    Scope,
    WWWScope,
)
from quart import current_app

PREFIX = "/_devstack/"
MAX_REQUESTS = 5_000
_LOOPBACK = frozenset({"127.0.0.1", "::1", "<local>"})
_LOGGED_HEADERS = frozenset(
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
# Logged as "present": their values are secrets.
_SECRET_HEADERS = frozenset({"authorization", "cookie", "x-internal-api-key"})

Page = Callable[[], Awaitable[object]]


class EmulatorSwitches:
    """Named choices that a test or a person changes while the emulator runs.

    `choices` are the positions of each switch, the first one is the default.
    """

    def __init__(self, choices: Mapping[str, tuple[str, ...]], **positions: str) -> None:
        self._choices = dict(choices)
        self.positions = {name: allowed[0] for name, allowed in choices.items()} | positions

    def __getitem__(self, name: str) -> str:
        return self.positions[name]

    def turn(self, name: str, position: str) -> bool:
        """False for an unknown switch or position."""
        if position not in self._choices.get(name, ()):
            return False
        self.positions[name] = position
        return True


def switches() -> EmulatorSwitches:
    """The switches of the app behind the current request."""
    return cast("EmulatorSwitches", current_app.extensions["switches"])


class ControlMiddleware:
    """ASGI: answers `/_devstack/requests`, `/switches[/name/position]` and `pages`; logs the rest.

    Serves clients of the same machine only. Other paths under the prefix go to the inner app.
    """

    def __init__(
        self,
        inner: ASGIFramework,
        switches: EmulatorSwitches,
        pages: Mapping[str, Page] | None = None,
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
        elif (response := await self._respond(scope["method"], scope["path"])) is not None:
            status, body = response if is_local(scope) else (403, {"error": "local only"})
            await send_json(send, status, body)
        else:
            if not scope["path"].startswith(PREFIX):
                self._requests.append(_log_entry(scope))
            await self._inner(scope, receive, send)

    async def _respond(self, method: str, path: str) -> tuple[int, object] | None:
        """Status and body of a control route; None for any other path."""
        if not path.startswith(PREFIX):
            return None
        name, *rest = path.removeprefix(PREFIX).split("/")
        if name == "requests":
            if method == "DELETE":
                self._requests.clear()
            return 200, {"requests": list(self._requests)}
        if name == "switches":
            known = method != "PUT" or (len(rest) == 2 and self._switches.turn(*rest))
            return 200 if known else 404, self._switches.positions
        if name in self._pages:
            return 200, await self._pages[name]()
        return None


def is_local(scope: WWWScope) -> bool:
    client = scope.get("client")
    return client is None or client[0] in _LOOPBACK


def _log_entry(scope: HTTPScope) -> dict[str, object]:
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    logged = {name: value for name, value in headers.items() if name in _LOGGED_HEADERS}
    secret = {name: "present" for name in headers if name in _SECRET_HEADERS}
    return {
        "method": scope["method"],
        "path": scope["path"],
        "query": scope["query_string"].decode("latin-1"),
        "headers": {**logged, **secret},
    }


async def send_json(send: ASGISendCallable, status: int, body: object) -> None:
    await send_body(send, status, b"application/json", json.dumps(body).encode())


async def send_body(send: ASGISendCallable, status: int, content_type: bytes, body: bytes) -> None:
    headers = [(b"content-type", content_type), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
