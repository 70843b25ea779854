"""Everybody's `/healthz`, asked side by side, without a breaker: a probe asks whoever is down."""

import asyncio
from collections.abc import Mapping, Sequence

import msgspec

from bff_core.client import document_at
from bff_core.clock import Clock
from bff_core.composition import fan_out
from bff_core.context import RequestContext
from bff_core.errors import DownstreamError, DownstreamFailed, DownstreamTimeout
from services.bff_admin.contracts.health import Health
from services.bff_admin.ports import Checkup

_WELL = frozenset({"healthy", "ok"})
_LONGEST_VERSION = 50
_DECODER = msgspec.json.Decoder(Health)


class HttpCheckups:
    """`services` are addresses by name; `patience` is in seconds for each."""

    def __init__(self, services: Mapping[str, str], clock: Clock, *, patience: float) -> None:
        self._services = dict(sorted(services.items()))
        self._clock = clock
        self._patience = patience

    async def all(self, ctx: RequestContext) -> Sequence[Checkup]:
        seconds = min(self._patience, ctx.deadline.left())
        async with fan_out() as group:
            asked = [
                group.create_task(self._one(name, url, seconds))
                for name, url in self._services.items()
            ]
        return [task.result() for task in asked]

    async def _one(self, name: str, url: str, seconds: float) -> Checkup:
        started = self._clock.monotonic()
        try:
            async with asyncio.timeout(seconds):
                body = await document_at(f"{url}/healthz", name=name)()
        except DownstreamFailed as error:
            return Checkup(name, "unhealthy", self._clock.monotonic() - started, code=error.code)
        except DownstreamError as error:
            return Checkup(name, "unreachable", code=error.code)
        except TimeoutError:
            return Checkup(name, "unreachable", code=DownstreamTimeout.code)
        return _read(name, body, self._clock.monotonic() - started)


def _read(name: str, body: bytes, latency: float) -> Checkup:
    try:
        said = _DECODER.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Checkup(name, "unhealthy", latency, code=DownstreamFailed.code)
    version = said.version[:_LONGEST_VERSION] if said.version else None
    if said.status in _WELL:
        return Checkup(name, "healthy", latency, version)
    return Checkup(name, "unhealthy", latency, version, DownstreamFailed.code)
