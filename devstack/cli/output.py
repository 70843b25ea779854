"""Standard output that may be closed while the devstack lives on: `./dev up | head`."""

import contextlib
import io
import os
from collections.abc import Iterator
from typing import TextIO


class PatientOutput(io.TextIOBase):
    """Writes to a stream until its reader has gone, and then to nowhere."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    @property
    def encoding(self) -> str:  # type: ignore[override]  # A plain attribute in typeshed.
        return self._stream.encoding

    def isatty(self) -> bool:
        return self._stream.isatty()

    def fileno(self) -> int:
        return self._stream.fileno()

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        with self._until_closed():
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with self._until_closed():
            self._stream.flush()

    @contextlib.contextmanager
    def _until_closed(self) -> Iterator[None]:
        try:
            yield
        except OSError:
            discard_output(self._stream)


def discard_output(stream: TextIO) -> None:
    """Send the rest of a stream to nowhere, what it has buffered included."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
