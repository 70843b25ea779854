"""What the server knows at once of the one who asked: whether they are still there."""

from collections.abc import Callable

CALLER = "bff_core.caller"
"""Where a scope's state holds its Caller, when the server is ours."""


class Caller:
    """Says when its request's caller has hung up, without a task that waits for it."""

    __slots__ = ("_gone", "_tell")

    def __init__(self) -> None:
        self._gone = False
        self._tell: Callable[[], None] | None = None

    def begin(self, tell: Callable[[], None]) -> None:
        """Call `tell` when the caller leaves; at once, if they have left."""
        if self._gone:
            tell()
        else:
            self._tell = tell

    def end(self) -> None:
        """Nobody wants to know any more."""
        self._tell = None

    def leave(self) -> None:
        """The exchange is over, or the connection is."""
        self._gone = True
        tell, self._tell = self._tell, None
        if tell is not None:
            tell()
