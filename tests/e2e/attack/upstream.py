"""A service behind the gateway that records every byte it is sent."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field


@dataclass(frozen=True)
class RecordedRequest:
    """One request as it came; `whole` says whether its body came to its end."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes
    whole: bool
    head: bytes

    def values(self, name: str) -> list[str]:
        return [value for given, value in self.headers if given.lower() == name.lower()]


Responder = Callable[[socket.socket, RecordedRequest], bool | None]
"""Writes to the socket; True keeps the connection."""


def answer_bytes(raw: bytes, *, keep: bool = False) -> Responder:
    def answer(client: socket.socket, _: RecordedRequest) -> bool:
        client.sendall(raw)
        return keep

    return answer


def http(
    status: int = 200,
    body: bytes = b"{}",
    headers: list[tuple[str, str]] | None = None,
    kind: str | None = "application/json",
) -> bytes:
    lines = [f"HTTP/1.1 {status} OK", f"Content-Length: {len(body)}"]
    lines += [f"Content-Type: {kind}"] if kind else []
    lines += [f"{name}: {value}" for name, value in headers or []]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def echo(client: socket.socket, seen: RecordedRequest) -> bool:
    """Says what it was asked, so that an answer shows whose request it answers."""
    told = {
        "method": seen.method,
        "target": seen.target,
        "user": seen.values("X-User-ID"),
        "authorization": seen.values("Authorization"),
        "correlation_id": seen.values("X-Correlation-ID"),
        "body": seen.body.decode("latin-1"),
    }
    client.sendall(http(body=json.dumps(told).encode() if seen.method != "HEAD" else b""))
    return True


@dataclass
class RecordingUpstream:
    """Answers by path, else with an echo; a thread per connection."""

    seen: list[RecordedRequest] = field(default_factory=list)
    answers: dict[str, Responder] = field(default_factory=dict)
    connections: int = 0
    _listener: socket.socket = field(init=False)
    _open: set[socket.socket] = field(default_factory=set)
    _readers: "list[_Reader]" = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def clear(self) -> None:
        with self._lock:
            self.seen.clear()
            self.answers.clear()

    def settled(self, number: int, within: float = 2.0) -> list[RecordedRequest]:
        """The requests seen, once there are `number` of them or time is up."""
        end = time.monotonic() + within
        while len(self.seen) < number and time.monotonic() < end:
            time.sleep(0.005)
        return list(self.seen)

    def arrives(self, data: bytes, within: float = 2.0) -> bool:
        """Wait until a request that is still arriving holds these bytes."""
        end = time.monotonic() + within
        while time.monotonic() < end:
            if any(data in reader.held for reader in list(self._readers)):
                return True
            time.sleep(0.005)
        return False

    def run(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                with self._lock:
                    self._open.add(client)
                    self.connections += 1
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for client in self._open:
                with suppress(OSError):
                    client.shutdown(socket.SHUT_RDWR)

    def _serve(self, client: socket.socket) -> None:
        client.settimeout(20)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with suppress(OSError), client:
            reader = _Reader(client)
            self._readers.append(reader)
            while (seen := reader.request()) is not None:
                with self._lock:
                    self.seen.append(seen)
                answer = self.answers.get(seen.target.partition("?")[0], echo)
                if not answer(client, seen) or not seen.whole:
                    break
        with self._lock:
            self._open.discard(client)


class _Reader:
    def __init__(self, client: socket.socket) -> None:
        self._client = client
        self._rest = b""

    @property
    def held(self) -> bytes:
        """Bytes that have arrived and are no whole request yet."""
        return self._rest

    def request(self) -> RecordedRequest | None:
        while b"\r\n\r\n" not in self._rest:
            if not self._more():
                return None
        head, _, self._rest = self._rest.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ", 2)
        headers = [(line.partition(":")[0], line.partition(":")[2].strip()) for line in lines]
        framing = {name.lower(): value for name, value in headers}
        if "chunked" in framing.get("transfer-encoding", ""):
            body, whole = self._chunked()
        else:
            body, whole = self._exactly(int(framing.get("content-length", "0")))
        return RecordedRequest(method, target, headers, body, whole, head)

    def _more(self) -> bool:
        try:
            data = self._client.recv(65536)
        except OSError:
            data = b""
        self._rest += data
        return bool(data)

    def _exactly(self, number: int) -> tuple[bytes, bool]:
        while len(self._rest) < number:
            if not self._more():
                return self._rest, False
        body, self._rest = self._rest[:number], self._rest[number:]
        return body, True

    def _chunked(self) -> tuple[bytes, bool]:
        body = b""
        while True:
            while b"\r\n" not in self._rest:
                if not self._more():
                    return body, False
            size, _, self._rest = self._rest.partition(b"\r\n")
            chunk, whole = self._exactly(int(size, 16) + 2)
            body += chunk[: int(size, 16)]
            if not whole or int(size, 16) == 0:
                return body, whole


@contextmanager
def recording() -> Iterator[RecordingUpstream]:
    upstream = RecordingUpstream()
    thread = threading.Thread(target=upstream.run, daemon=True)
    thread.start()
    try:
        yield upstream
    finally:
        upstream.close()
        thread.join(timeout=5)
