"""Many calls at the same time."""

import asyncio
from collections.abc import Awaitable
from typing import Any

from bff_core.client.call import Call, DownstreamResponse, Send
from bff_core.client.policies.single_flight import SingleFlight
from bff_core.testing.clock import FakeClock, Run
from tests.pipeline_kit import ScriptedService, a_call

Outcome = DownstreamResponse | BaseException


async def outcome(work: Awaitable[DownstreamResponse]) -> Outcome:
    try:
        return await work
    except Exception as error:  # noqa: BLE001 - whatever came out is the outcome.
        return error


def begin(send: Send, *calls: Call) -> list[asyncio.Task[Outcome]]:
    return [asyncio.create_task(outcome(send(call))) for call in calls]


async def results(tasks: list[asyncio.Task[Outcome]]) -> list[Outcome]:
    await asyncio.wait(tasks)
    return [task.result() for task in tasks]


def shared_by(
    clock: FakeClock, run: Run, act: Any, calls: int = 3
) -> tuple[list[Any], ScriptedService]:
    service = ScriptedService(act)

    async def scene() -> list[Outcome]:
        send = SingleFlight(clock)(service)
        return await results(begin(send, *(a_call(clock) for _ in range(calls))))

    return run(scene()), service
