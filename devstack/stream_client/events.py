"""A parser for `text/event-stream` that limits the size of lines and events."""

from dataclasses import dataclass, field

MAX_LINE_BYTES = 4 * 1024 * 1024
MAX_EVENT_BYTES = 8 * 1024 * 1024
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class EventTooLong(ValueError):
    """A line or an event exceeds its limit."""


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """`id` is the stream's last one; `retry` is in milliseconds, if the event has it."""

    event: str
    data: str
    id: str | None = None
    retry: int | None = None


@dataclass(slots=True)
class _Pending:
    event: str = ""
    data: list[str] = field(default_factory=list)
    retry: int | None = None
    size: int = 0


class EventParser:
    """Parses chunks that are cut anywhere; an event that the end cuts off is dropped."""

    def __init__(
        self, max_line_bytes: int = MAX_LINE_BYTES, max_event_bytes: int = MAX_EVENT_BYTES
    ) -> None:
        self._max_line = max_line_bytes
        self._max_event = max_event_bytes
        self._rest = bytearray()
        self._at_start = True
        self._after_return = False
        self._pending = _Pending()
        self._id: str | None = None

    def feed(self, chunk: bytes) -> list[StreamEvent]:
        """The events that the chunk completes.

        Raises:
            EventTooLong: A limit is exceeded; the parser is of no use afterwards.
        """
        events = []
        for line in self._lines(chunk):
            if len(line) > self._max_line:
                raise EventTooLong(f"A line is longer than {self._max_line} bytes.")
            if self._at_start:
                line, self._at_start = line.removeprefix(_BYTE_ORDER_MARK), False  # noqa: PLW2901
            if line:
                self._take_field(line)
                continue
            done, self._pending = self._pending, _Pending()
            if done.data:
                data, name = "\n".join(done.data), done.event or "message"
                events.append(StreamEvent(name, data, self._id or None, done.retry))
        return events

    def _lines(self, chunk: bytes) -> list[bytes]:
        # A CR at the end of the last chunk has ended its line: its LF ends no second one.
        if self._after_return and chunk.startswith(b"\n"):
            chunk, self._after_return = chunk[1:], False
        if not chunk:
            return []
        self._after_return = chunk.endswith(b"\r")
        *whole, rest = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        if len(self._rest) + len(whole[0] if whole else rest) > self._max_line:
            raise EventTooLong(f"A line is longer than {self._max_line} bytes.")
        if not whole:
            self._rest += rest
            return []
        lines = [bytes(self._rest) + whole[0], *whole[1:]]
        self._rest = bytearray(rest)
        return lines

    def _take_field(self, line: bytes) -> None:
        """Unknown fields are ignored, and so are comments, whose name is empty."""
        name, _, value = line.decode("utf-8", "replace").partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._pending.data.append(value)
            self._pending.size += len(line)
        elif name == "event":
            self._pending.event = value
        elif name == "id" and "\0" not in value:
            self._id = value
        elif name == "retry" and value.isascii() and value.isdigit():
            self._pending.retry = int(value[:9])
        if self._pending.size > self._max_event:
            raise EventTooLong(f"An event is longer than {self._max_event} bytes.")
