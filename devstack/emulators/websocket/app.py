"""The emulator of the websocket service, as one Quart app."""

import asyncio
from collections.abc import AsyncGenerator

from quart import Quart
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from devstack.emulators.controls import Switches
from devstack.emulators.serving import assemble
from devstack.emulators.websocket.connections import INTERNAL_ERROR, Connections
from devstack.emulators.websocket.health import add_health
from devstack.emulators.websocket.metrics import Metrics
from devstack.emulators.websocket.routes import SocketRoutes, add_refusals
from devstack.emulators.websocket.settings import WebsocketSettings
from devstack.emulators.websocket.subscription import Subscription

_START_SECONDS = 3.0
_ATTEMPT_SECONDS = 2.0


def create_app(settings: WebsocketSettings, redis: Redis | None = None) -> Quart:
    """`redis` replaces the one that the settings name."""
    app = Quart(__name__)
    connections = Connections(settings.max_connections_per_user)
    store = redis or _open(settings.redis_url)
    metrics = Metrics(connections)

    def lost() -> None:
        connections.close_all(INTERNAL_ERROR)

    subscription = Subscription(store, settings.channels, connections.deliver, lost)
    app.register_blueprint(SocketRoutes(settings, connections, subscription, metrics).blueprint())
    add_refusals(app)
    add_health(app, store, connections)
    metrics.add_route(app)

    @app.while_serving
    async def listen() -> AsyncGenerator[None, None]:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(subscription.run())
            await _until_listening(subscription)
            yield
            connections.close_all(INTERNAL_ERROR)
            task.cancel()
        await store.aclose()

    return assemble(app, Switches({}))


async def _until_listening(subscription: Subscription) -> None:
    """A socket that is open must not miss a message; without Redis there is none to miss."""
    try:
        async with asyncio.timeout(_START_SECONDS):
            await subscription.listening.wait()
    except TimeoutError:
        pass


def _open(url: str) -> Redis:
    return Redis.from_url(
        url,
        socket_connect_timeout=_ATTEMPT_SECONDS,
        health_check_interval=15,
        retry=Retry(NoBackoff(), 0),
    )
