"""An event loop on a `FakeClock`: a wait takes no time and is exact."""

import asyncio
from collections.abc import Callable, Coroutine
from selectors import SelectorKey, SelectSelector
from typing import Any, TypeVar

from bff_core.testing.clock import FakeClock

T = TypeVar("T")

Run = Callable[[Coroutine[Any, Any, Any]], Any]


class VirtualSelector(SelectSelector):
    """Advances the clock instead of sleeping."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__()
        self._clock = clock

    def select(self, timeout: float | None = None) -> list[tuple[SelectorKey, int]]:
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if timeout is None:
            raise RuntimeError("every task waits and no timer is set")
        self._clock.advance(max(0.0, timeout))
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time is the clock's."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        super().__init__(VirtualSelector(clock))

    def time(self) -> float:
        return self._clock.monotonic()


def run_virtually(clock: FakeClock, main: Coroutine[Any, Any, T]) -> T:
    """Run to the end in virtual time; no sockets, no threads.

    Raises:
        RuntimeError: Every task waits and no timer is set, where a real loop would hang.
    """
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(clock)) as runner:
        return runner.run(main)
