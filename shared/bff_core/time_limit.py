"""`asyncio.timeout` without its two awaits: a call to a service enters and leaves one each time."""

import asyncio
from types import TracebackType
from typing import Self


class TimeLimit:
    """`with TimeLimit(seconds):` cancels what is awaited inside when the time is over.

    None is for a limit that only `end` ends.

    Raises:
        TimeoutError: It was over before what is inside had ended. A cancellation from elsewhere
            stays one, also when both come together.
    """

    __slots__ = ("_cancelling", "_loop", "_seconds", "_task", "_timer", "expired")

    def __init__(self, seconds: float | None) -> None:
        self._seconds = seconds
        self._timer: asyncio.Handle | None = None
        self._task: asyncio.Task[object] | None = None
        self.expired = False

    def __enter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        task = asyncio.current_task(self._loop)
        if task is None:
            raise RuntimeError("only a task can be cancelled when its time is over")
        self._task, self._cancelling = task, task.cancelling()
        if self._seconds is not None:
            self._timer = self._loop.call_later(self._seconds, self._expire)
        return self

    def end(self) -> None:
        """Let the time be over now; nothing if what is inside has ended, or is about to be told."""
        if self._task is not None and not self.expired:
            self._forget_timer()
            # Not at once: who calls may be what is inside, and on its way out.
            self._timer = self._loop.call_soon(self._expire)

    def _expire(self) -> None:
        self._timer = None
        self.expired = True
        if self._task is not None:
            self._task.cancel()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._forget_timer()
        task, self._task = self._task, None
        if task is None or not self.expired:
            return
        if task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def _forget_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
