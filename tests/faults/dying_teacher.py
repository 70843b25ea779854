"""A teacher BFF that dies by SIGKILL before or after one use of one of its adapters.

The variable DIES names the use, such as `register:before` or `advance 2:after`: the second call.
"""

import os
import signal
from collections.abc import Awaitable, Callable
from typing import Any, cast

from dishka import Provider, Scope, decorate
from quart import Quart

from bff_core.server import run
from bff_core.settings import ServiceSettings
from services.bff_teacher.app import create_app
from services.bff_teacher.config import Settings
from services.bff_teacher.confirmations.creation import Creations
from services.bff_teacher.confirmations.start import Starts
from services.bff_teacher.ports import Texts
from services.bff_teacher.ports.workflow import PipelineCommands, Preflights, Registrations

POINT = "DIES"


class Dying:
    """The real adapter, but for the end of the process."""

    def __init__(self, real: object, point: str) -> None:
        use, _, self._moment = point.partition(":")
        self._method, _, number = use.partition(" ")
        self._left = int(number or 1)
        self._real = real

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._real, name)
        return self._watched(method) if name == self._method else method

    def _watched(self, method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def watched(*args: Any, **kwargs: Any) -> Any:
            self._left -= 1
            if self._left == 0 and self._moment == "before":
                os.kill(os.getpid(), signal.SIGKILL)
            answer = await method(*args, **kwargs)
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return answer

        return watched


class DyingProvider(Provider):
    scope = Scope.APP

    def __init__(self, point: str) -> None:
        super().__init__()
        self._point = point

    @decorate
    def texts(self, real: Texts) -> Texts:
        return cast("Texts", Dying(real, self._point))

    @decorate
    def registrations(self, real: Registrations) -> Registrations:
        return cast("Registrations", Dying(real, self._point))

    @decorate
    def creations(self, real: Creations) -> Creations:
        return cast("Creations", Dying(real, self._point))

    @decorate
    def starts(self, real: Starts) -> Starts:
        return cast("Starts", Dying(real, self._point))

    @decorate
    def preflights(self, real: Preflights) -> Preflights:
        return cast("Preflights", Dying(real, self._point))

    @decorate
    def commands(self, real: PipelineCommands) -> PipelineCommands:
        return cast("PipelineCommands", Dying(real, self._point))


def app() -> tuple[Quart, ServiceSettings]:
    settings = Settings.load({key: value for key, value in os.environ.items() if key != POINT})
    return create_app(settings, DyingProvider(os.environ[POINT])), settings


if __name__ == "__main__":
    run(app)
