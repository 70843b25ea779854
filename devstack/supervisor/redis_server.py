"""A Redis-compatible server for machines without Redis: `python -m devstack.supervisor.redis_server PORT`."""

import select
import signal
import sys
import threading
from socketserver import BaseRequestHandler, ThreadingTCPServer

from fakeredis import FakeRedisConnection, FakeServer
from redis.connection import DefaultParser
from redis.exceptions import RedisError

from devstack.supervisor.stack import HOST

# The longest wait of a published message for its subscriber.
_POLL_SECONDS = 0.01
_CHUNK_BYTES = 64 * 1024
_DATA = FakeServer()
_ERROR_CODES = {
    kind: code for code, kind in DefaultParser.EXCEPTION_CLASSES.items() if isinstance(kind, type)
}


class ClientHandler(BaseRequestHandler):
    """One client: forwards its bytes to the fake connection, and the replies back as RESP2."""

    def handle(self) -> None:
        fake = FakeRedisConnection(server=_DATA, protocol=2)
        fake.connect()
        try:
            while self._forward(fake):
                while fake.can_read():
                    self.request.sendall(encode_reply(_read(fake)))
        except ConnectionError:
            return
        finally:
            fake.disconnect()  # type: ignore[no-untyped-call]

    def _forward(self, fake: FakeRedisConnection) -> bool:
        """Forward what the client has sent; False when it has gone."""
        readable, _, _ = select.select([self.request], [], [], _POLL_SECONDS)
        if readable:
            data = self.request.recv(_CHUNK_BYTES)
            if not data:
                return False
            fake.send_packed_command([data])  # type: ignore[no-untyped-call]
        return True


def _read(fake: FakeRedisConnection) -> object:
    """The next reply; an error is a reply like any other."""
    try:
        return fake.read_response()
    except RedisError as error:
        return error


def encode_reply(value: object, *, nested: bool = False) -> bytes:
    match value:
        case None:
            return b"$-1\r\n"
        case RedisError():
            return f"-{_ERROR_CODES.get(type(value), 'ERR')} {value}\r\n".encode()
        case int():
            return b":%d\r\n" % value
        case list() | tuple():
            items = b"".join(encode_reply(item, nested=True) for item in value)
            return b"*%d\r\n" % len(value) + items
    data = value if isinstance(value, bytes) else str(value).encode()
    if nested or b"\r" in data or b"\n" in data:
        return b"$%d\r\n%s\r\n" % (len(data), data)
    return b"+%s\r\n" % data


class RedisServer(ThreadingTCPServer):
    allow_reuse_address = True
    # Open connections must not keep the process alive.
    daemon_threads = True
    block_on_close = False


def serve(port: int) -> None:
    """Serve until SIGTERM or SIGINT."""
    server = RedisServer((HOST, port), ClientHandler)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    threading.Thread(target=server.serve_forever, daemon=True).start()
    stopping.wait()
    server.shutdown()
    server.server_close()


if __name__ == "__main__":
    serve(int(sys.argv[1]))
