"""HTTP over a raw socket: sends exactly the given bytes, and keeps the whole response."""

import json
import socket
import time
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class RawResponse:
    """`ended` says how the body ended: by its length, by its last chunk, by closing, or cut."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    ended: str
    raw: bytes

    def values(self, name: str) -> list[str]:
        return [value for given, value in self.headers if given.lower() == name.lower()]

    def value(self, name: str) -> str | None:
        return next(iter(self.values(name)), None)

    @property
    def error(self) -> dict[str, Any]:
        error: dict[str, Any] = json.loads(self.body)["error"]
        return error

    @property
    def is_bare(self) -> bool:
        """The answer to what is not HTTP: a status, nothing else, and the connection closes."""
        return not self.body and self.value("connection") == "close"


def request(
    method: str = "GET",
    target: str = "/",
    headers: list[tuple[str, str]] | None = None,
    body: bytes = b"",
    *,
    version: str = "HTTP/1.1",
) -> bytes:
    lines = [f"{method} {target} {version}", "Host: gateway.example"]
    lines += [f"{name}: {value}" for name, value in headers or []]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def connect(port: int, timeout: float = 10.0) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", port), timeout=timeout)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return client


def ask(port: int, raw: bytes, *, timeout: float = 10.0) -> RawResponse:
    """Send bytes on a connection of their own and read one answer."""
    with connect(port, timeout) as client:
        client.sendall(raw)
        return read_response(client, head_only=raw.startswith(b"HEAD "))


def read_response(client: socket.socket, *, head_only: bool = False) -> RawResponse:
    data = b""
    while True:
        data = _until(client, data, b"\r\n\r\n")
        head, _, rest = data.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        if not first:
            raise AssertionError("the connection closed without an answer")
        status = int(first.split(" ")[1])
        if status != 100:
            break
        data = rest
    headers = [(line.partition(":")[0], line.partition(":")[2].strip()) for line in lines]
    named = {name.lower(): value for name, value in headers}
    if head_only or status in {101, 204, 304}:
        return RawResponse(status, headers, b"", "length", data)
    if named.get("transfer-encoding") == "chunked":
        body, ended = _chunks(client, rest)
    elif "content-length" in named:
        body, ended = _length(client, rest, int(named["content-length"]))
    else:
        body, ended = _close(client, rest)
    return RawResponse(status, headers, body, ended, data + body)


def closes(client: socket.socket, within: float = 3.0) -> bool:
    """Tells whether the other side ends the connection."""
    client.settimeout(within)
    end = time.monotonic() + within
    try:
        while time.monotonic() < end:
            if not client.recv(65536):
                return True
    except ConnectionError:
        return True
    except TimeoutError:
        return False
    return False


def _recv(client: socket.socket, size: int = 65536, flags: int = 0) -> bytes:
    try:
        return client.recv(min(size, 65536), flags)
    except ConnectionError:
        return b""


def _until(client: socket.socket, data: bytes, mark: bytes) -> bytes:
    """The data up to the mark; what follows may be the next response, and stays in the socket."""
    while mark not in data and (seen := _recv(client, flags=socket.MSG_PEEK)):
        end = (data + seen).find(mark)
        wanted = len(seen) if end < 0 else end + len(mark) - len(data)
        data += _recv(client, wanted)
    return data


def _length(client: socket.socket, data: bytes, length: int) -> tuple[bytes, str]:
    while len(data) < length and (more := _recv(client, length - len(data))):
        data += more
    return data[:length], "length" if len(data) >= length else "cut"


def _chunks(client: socket.socket, data: bytes) -> tuple[bytes, str]:
    body = b""
    while True:
        data = _until(client, data, b"\r\n")
        if b"\r\n" not in data:
            return body, "cut"
        size, _, data = data.partition(b"\r\n")
        chunk, ended = _length(client, data, int(size, 16) + 2)
        if ended == "cut":
            return body + chunk, "cut"
        body += chunk[:-2]
        data = data[len(chunk) :] if len(data) >= len(chunk) else b""
        if int(size, 16) == 0:
            return body, "chunk"


def _close(client: socket.socket, data: bytes) -> tuple[bytes, str]:
    try:
        while more := client.recv(65536):
            data += more
    except ConnectionError:
        return data, "cut"
    return data, "close"
