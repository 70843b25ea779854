"""A Redis-compatible server in Python, for machines without redis-server: `python -m devstack.redis_server PORT`."""

import signal
import sys
import threading
from typing import Any

from fakeredis import TcpFakeServer

# Not public, and named by the lock file: the server takes no handler of one's own.
from fakeredis._clients._tcp_server import TCPFakeRequestHandler
from redis.exceptions import RedisError

from devstack.stack import HOST


class _Answers:
    """A client's connection to the data, where an error is an answer like any other."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def read_response(self) -> Any:
        try:
            return self._connection.read_response()
        except RedisError as error:
            return error

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


class _Handler(TCPFakeRequestHandler):
    """Stays after an error: the library hangs up, so that `NOSCRIPT` is never mended."""

    def setup(self) -> None:
        super().setup()
        self.current_client = _Answers(self.current_client)  # type: ignore[assignment]  # it acts as one


def serve(port: int) -> None:
    """Serve until SIGTERM or SIGINT."""
    server = TcpFakeServer((HOST, port))
    server.RequestHandlerClass = _Handler
    # Open connections must not keep the process alive.
    server.daemon_threads = True
    server.block_on_close = False
    stopping = threading.Event()
    for wanted in (signal.SIGTERM, signal.SIGINT):
        signal.signal(wanted, lambda *_: stopping.set())
    threading.Thread(target=server.serve_forever, daemon=True).start()
    stopping.wait()
    server.shutdown()
    server.server_close()


if __name__ == "__main__":
    serve(int(sys.argv[1]))
