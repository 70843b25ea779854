"""Settings are validated beside the event loop, however much their schema costs."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from threading import Event
from typing import Any

from bff_core.composition import fan_out
from services.config_service.namespaces import SHIPPED, load_namespaces


class SlowValidator:
    """Ends once the event loop has gone on, or never did."""

    def __init__(self) -> None:
        self.loop_went_on = Event()
        self.at_work = 0
        self.most_at_work = 0

    def iter_errors(self, _: object) -> Iterator[Any]:
        self.at_work += 1
        self.most_at_work = max(self.most_at_work, self.at_work)
        if not self.loop_went_on.wait(timeout=30):
            raise AssertionError("the event loop stood still")
        self.at_work -= 1
        return iter(())


async def test_the_event_loop_goes_on_while_settings_are_validated() -> None:
    validator = SlowValidator()
    namespace = replace(load_namespaces(SHIPPED)["uploads"], validator=validator)  # type: ignore[arg-type]  # one method

    async with fan_out() as group:
        checks = [group.create_task(namespace.check({"some": 1})) for _ in range(3)]
        while not validator.at_work:
            await asyncio.sleep(0)
        validator.loop_went_on.set()

    assert [check.result() for check in checks] == [[], [], []]
    assert validator.most_at_work == 1
