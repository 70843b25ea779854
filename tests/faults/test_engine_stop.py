"""An engine whose order to stop fails: the server ends, and the failure is seen."""

import asyncio

import pytest

from bff_core.server import Lifecycle
from bff_core.server.asgi import Receive, Scope, Send
from bff_core.server.lifecycle import LifecycleMiddleware
from bff_core.server.run import ENGINES
from bff_core.settings import Engine, ServiceSettings
from bff_core.testing import SECRET
from tests.ports import free_port


class BrokenOrderError(Exception):
    """A bug in what tells the server to stop."""


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Nothing is asked of it."""


async def broken_order() -> None:
    await asyncio.sleep(0.2)
    raise BrokenOrderError


@pytest.mark.parametrize("engine", list(Engine))
async def test_failing_order_to_stop_ends_the_server_and_is_raised(engine: Engine) -> None:
    environ = {"JWT_SECRET_KEY": SECRET, "ENVIRONMENT": "testing", "PORT": str(free_port())}
    settings = ServiceSettings.load(environ)
    middleware = LifecycleMiddleware(app, Lifecycle())

    with pytest.raises((BrokenOrderError, ExceptionGroup)) as raised:
        async with asyncio.timeout(20):
            await ENGINES[engine](middleware, settings, 100, broken_order)

    group = raised.value
    assert not isinstance(group, ExceptionGroup) or group.subgroup(BrokenOrderError)
