"""Server-sent events on their way, of which none is shown by half."""

LONGEST = 64 * 1024
_BLANK_LINES = (b"\n\n", b"\n\r\n", b"\n\r", b"\r\r")


class WholeEvents:
    """Holds back the beginning of an event until its end is here.

    An event of more than `longest` bytes passes in pieces; `inside` says that part of one is out.
    """

    def __init__(self, longest: int = LONGEST) -> None:
        self.inside = False
        self._longest = longest
        self._held = bytearray()
        self._seen = b""

    def take(self, chunk: bytes) -> bytes:
        """What may go out now that `chunk` has come."""
        # A blank line may have begun in what came before.
        line = self._seen + chunk
        end = _end_of_events(line) - len(self._seen)
        self._seen = line[-2:]
        out = b""
        if end > 0:
            out = bytes(self._held) + chunk[:end]
            self._held = bytearray(chunk[end:])
            self.inside = False
        else:
            self._held += chunk
        if len(self._held) > self._longest:
            out += self.rest()
            self.inside = True
        return out

    def rest(self) -> bytes:
        """What is held back, for a stream that ended there by itself."""
        rest = bytes(self._held)
        self._held.clear()
        return rest


def _end_of_events(line: bytes) -> int:
    """Behind the last blank line; 0 where there is none."""
    return max(line.rfind(blank) + len(blank) if blank in line else 0 for blank in _BLANK_LINES)
