"""The socket itself: `/ws/?token=`, refused before it opens or carried until one side ends it."""

import asyncio

from quart import Blueprint, Quart, Response, has_websocket_context, jsonify, websocket
from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.routing.exceptions import WebsocketMismatch

from devstack.emulators.websocket.access import user_of
from devstack.emulators.websocket.connections import (
    INTERNAL_ERROR,
    QUOTA_EXCEEDED,
    Closing,
    Connection,
    Connections,
)
from devstack.emulators.websocket.metrics import Metrics
from devstack.emulators.websocket.settings import WebsocketSettings
from devstack.emulators.websocket.subscription import Subscription

# Before a socket is open this code becomes a bare 403: the client never sees it.
_POLICY_VIOLATION = 1008


class SocketRoutes:
    def __init__(
        self,
        settings: WebsocketSettings,
        connections: Connections,
        subscription: Subscription,
        metrics: Metrics,
    ) -> None:
        self._settings = settings
        self._connections = connections
        self._subscription = subscription
        self._metrics = metrics

    def blueprint(self) -> Blueprint:
        routes = Blueprint("sockets", __name__)
        routes.add_websocket("/ws/", "socket", self.socket)
        # Without its slash the address is unknown there; routing would redirect it here.
        routes.add_websocket("/ws", "no_slash", _refuse)
        return routes

    async def socket(self) -> None:
        user_id = user_of(websocket.args.get("token"), self._settings)
        self._metrics.checked(good=user_id is not None)
        if user_id is None:
            await _refuse()
            return
        await websocket.accept()
        await self._carry(user_id)

    async def _carry(self, user_id: str) -> None:
        connection = self._connections.add(user_id)
        if connection is None:
            self._metrics.connected("rejected")
            await _close(QUOTA_EXCEEDED)
            return
        self._metrics.connected("accepted")
        if not self._subscription.listening.is_set():
            connection.close(INTERNAL_ERROR)
        try:
            await _exchange(connection)
        finally:
            self._connections.remove(connection)


def add_refusals(app: Quart) -> None:
    """Any other address: 403 for a socket, the framework's JSON for a plain request."""

    @app.errorhandler(HTTPException)
    async def refused(error: HTTPException) -> Response:
        if has_websocket_context():
            return Response("", 403, content_type="text/plain; charset=utf-8")
        told = NotFound() if isinstance(error, WebsocketMismatch) else error
        answer = jsonify({"detail": told.name})
        answer.status_code = told.code or 500
        return answer


async def _exchange(connection: Connection) -> None:
    async with asyncio.TaskGroup() as group:
        ignoring = group.create_task(_ignore_what_comes())
        await _send_until_closed(connection)
        ignoring.cancel()


async def _send_until_closed(connection: Connection) -> None:
    while True:
        item = await connection.outgoing.get()
        if isinstance(item, Closing):
            await _close(item)
            return
        await websocket.send(item)


async def _ignore_what_comes() -> None:
    """Browsers ping with texts of their own; they are read, for else they would pile up."""
    while True:
        await websocket.receive()


async def _close(closing: Closing) -> None:
    await websocket.close(closing.code, closing.reason)


async def _refuse() -> None:
    await websocket.close(_POLICY_VIOLATION)
