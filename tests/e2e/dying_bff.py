"""A teacher BFF that dies by SIGKILL at one point of a confirmation: before or after the call."""

import os
import signal
from collections.abc import Iterable

from dishka import Provider, Scope, provide
from quart import Quart

from bff_core.composition import Fetched
from bff_core.context import RequestContext
from bff_core.server import run
from bff_core.settings import ServiceSettings
from services.bff_teacher.app import create_app
from services.bff_teacher.clients.cms import HttpAssociations
from services.bff_teacher.config import Settings
from services.bff_teacher.contracts.cms import AssociationPage, ConfirmItem
from services.bff_teacher.di.services import Cms
from services.bff_teacher.ports import Associations

POINT = "DIES"


class DyingAssociations:
    def __init__(self, real: Associations, point: str) -> None:
        self._real = real
        self._point = point

    async def suggested(self, ctx: RequestContext, batch_id: str) -> Fetched[AssociationPage]:
        return await self._real.suggested(ctx, batch_id)

    async def confirm(
        self, ctx: RequestContext, batch_id: str, items: Iterable[ConfirmItem]
    ) -> None:
        if self._point == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        await self._real.confirm(ctx, batch_id, items)
        os.kill(os.getpid(), signal.SIGKILL)


class Dying(Provider):
    scope = Scope.APP

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._rules = settings.cms

    @provide(override=True)
    def associations(self, cms: Cms) -> Associations:
        real = HttpAssociations(
            cms, associations=self._rules.associations, confirm=self._rules.confirm
        )
        return DyingAssociations(real, os.environ[POINT])


def app() -> tuple[Quart, ServiceSettings]:
    settings = Settings.load({key: value for key, value in os.environ.items() if key != POINT})
    return create_app(settings, Dying(settings)), settings


if __name__ == "__main__":
    run(app)
