"""Bytes of a `text/event-stream` as events, with a bound on what one may take."""

from dataclasses import dataclass, field

MAX_LINE_BYTES = 4 * 1024 * 1024
MAX_EVENT_BYTES = 8 * 1024 * 1024
_MARK = b"\xef\xbb\xbf"


class EventTooLong(ValueError):
    """A line or an event grew beyond what a client of ours keeps."""


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """`id` is the last one that the stream has named; `retry` is in milliseconds, where told."""

    event: str
    data: str
    id: str | None = None
    retry: int | None = None


@dataclass(slots=True)
class _Draft:
    event: str = ""
    data: list[str] = field(default_factory=list)
    retry: int | None = None
    size: int = 0


class EventParser:
    """Takes chunks as they come, cut anywhere; an event that the end cuts off never happened.

    Raises:
        EventTooLong: From `feed`; the parser is of no use afterwards.
    """

    def __init__(
        self, max_line_bytes: int = MAX_LINE_BYTES, max_event_bytes: int = MAX_EVENT_BYTES
    ) -> None:
        self._max_line = max_line_bytes
        self._max_event = max_event_bytes
        self._rest = bytearray()
        self._at_start = True
        self._after_return = False
        self._draft = _Draft()
        self._id: str | None = None

    def feed(self, chunk: bytes) -> list[ServerEvent]:
        found = []
        for line in self._lines(chunk):
            event = self._take(line)
            if event is not None:
                found.append(event)
        return found

    def _lines(self, chunk: bytes) -> list[bytes]:
        # A CR that ended the last chunk has ended its line: its LF is no second end.
        if self._after_return and chunk.startswith(b"\n"):
            chunk = chunk[1:]
            self._after_return = False
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

    def _take(self, line: bytes) -> ServerEvent | None:
        if len(line) > self._max_line:
            raise EventTooLong(f"A line is longer than {self._max_line} bytes.")
        if self._at_start:
            line, self._at_start = line.removeprefix(_MARK), False
        if not line:
            return self._dispatch()
        name, _, value = line.decode("utf-8", "replace").partition(":")
        self._note(name, value.removeprefix(" "), len(line))
        return None

    def _note(self, name: str, value: str, size: int) -> None:
        """A name that we do not know says nothing; a comment has an empty one."""
        if name == "data":
            self._draft.data.append(value)
            self._draft.size += size
        elif name == "event":
            self._draft.event = value
        elif name == "id" and "\0" not in value:
            self._id = value
        elif name == "retry" and value.isascii() and value.isdigit():
            self._draft.retry = int(value[:9])
        if self._draft.size > self._max_event:
            raise EventTooLong(f"An event is longer than {self._max_event} bytes.")

    def _dispatch(self) -> ServerEvent | None:
        draft, self._draft = self._draft, _Draft()
        if not draft.data:
            return None
        return ServerEvent(
            draft.event or "message", "\n".join(draft.data), self._id or None, draft.retry
        )
