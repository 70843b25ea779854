"""A service of one file, started as a process by the tests of serving."""

import asyncio
import os
from collections.abc import AsyncIterator

from dishka import make_async_container
from pydantic import BaseModel
from pydantic_settings import SettingsConfigDict
from quart import Blueprint, Quart, Response, current_app
from quart_schema import hide

from bff_core.app import Blueprints, build_app
from bff_core.context import TEACHER
from bff_core.observability import Metrics, configure_logs
from bff_core.server import (
    LIFECYCLE,
    PUBLIC,
    ContextProvider,
    Lifecycle,
    access,
    returns,
    run,
    takes_body,
)
from bff_core.settings import ServiceSettings


class Settings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="TINY_SERVICE_")


class SleptV1(BaseModel):
    seconds: float


class NoteV1(BaseModel):
    text: str


def routes() -> Blueprint:
    blueprint = Blueprint("tiny", __name__)

    @blueprint.get("/v1/slow")
    @access(PUBLIC)
    @returns(SleptV1)
    async def slow() -> SleptV1:
        """Takes a second."""
        await asyncio.sleep(1.0)
        return SleptV1(seconds=1.0)

    @blueprint.get("/v1/ticks")
    @hide
    @access(PUBLIC)
    async def ticks() -> Response:
        """Stays open until the process drains."""
        lifecycle: Lifecycle = current_app.extensions[LIFECYCLE]
        response = Response(ticks_until_draining(lifecycle), content_type="text/plain")
        response.timeout = None
        return response

    @blueprint.post("/v1/notes")
    @access(PUBLIC)
    @takes_body(NoteV1)
    @returns(NoteV1, 201)
    async def note(data: NoteV1) -> NoteV1:
        """Takes a body."""
        return data

    @blueprint.get("/v1/mine")
    @access("teacher")
    @returns(NoteV1)
    async def mine() -> NoteV1:
        """Asks for a user."""
        return NoteV1(text="mine")

    return blueprint


async def ticks_until_draining(lifecycle: Lifecycle) -> AsyncIterator[bytes]:
    while lifecycle.state != "draining":
        yield b"tick\n"
        await asyncio.sleep(0.05)


def make_app() -> tuple[Quart, ServiceSettings]:
    settings = Settings.load(os.environ)
    configure_logs(service="tiny_service", environment=settings.environment)
    app = build_app(
        settings,
        make_async_container(ContextProvider()),
        service="tiny_service",
        title="Tiny",
        metrics=Metrics("tiny"),
        blueprints=[Blueprints(routes())],
        access={"teacher": frozenset({TEACHER})},
    )
    app.config["BODY_TIMEOUT"] = 0.3
    return app, settings


if __name__ == "__main__":
    run(make_app)
