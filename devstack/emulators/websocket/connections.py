"""The open sockets by user, each with a short queue of what it has still to send."""

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field

MAX_WAITING = 256


@dataclass(frozen=True, slots=True)
class Closing:
    """How the service ends a socket."""

    code: int
    reason: str = ""


QUOTA_EXCEEDED = Closing(
    4000, '{"error_code": "QUOTA_EXCEEDED", "message": "Connection limit exceeded"}'
)
INTERNAL_ERROR = Closing(1011)


@dataclass(slots=True, eq=False)
class Connection:
    """One socket; `outgoing` gives texts to send and at last, when the service ends it, a `Closing`."""

    user_id: str
    outgoing: asyncio.Queue[str | Closing] = field(
        default_factory=lambda: asyncio.Queue(MAX_WAITING)
    )

    def deliver(self, text: str) -> None:
        """A socket that does not keep up is closed; it costs the others nothing."""
        try:
            self.outgoing.put_nowait(text)
        except asyncio.QueueFull:
            self.close(INTERNAL_ERROR)

    def close(self, closing: Closing) -> None:
        while not self.outgoing.empty():
            self.outgoing.get_nowait()
        self.outgoing.put_nowait(closing)


class Connections:
    """All sockets of this process."""

    def __init__(self, max_per_user: int) -> None:
        self._max_per_user = max_per_user
        self._by_user: dict[str, set[Connection]] = defaultdict(set)

    def add(self, user_id: str) -> Connection | None:
        """None when the user has as many as are allowed."""
        mine = self._by_user[user_id]
        if len(mine) >= self._max_per_user:
            return None
        connection = Connection(user_id)
        mine.add(connection)
        return connection

    def remove(self, connection: Connection) -> None:
        mine = self._by_user[connection.user_id]
        mine.discard(connection)
        if not mine:
            del self._by_user[connection.user_id]

    def deliver(self, user_id: str, text: str) -> None:
        for connection in self._by_user.get(user_id, ()):
            connection.deliver(text)

    def close_all(self, closing: Closing) -> None:
        for mine in self._by_user.values():
            for connection in mine:
                connection.close(closing)

    def count(self) -> int:
        return sum(len(mine) for mine in self._by_user.values())
