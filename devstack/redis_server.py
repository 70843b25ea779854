"""A Redis-compatible server in Python, for machines without redis-server: `python -m devstack.redis_server PORT`."""

import signal
import sys
import threading

from fakeredis import TcpFakeServer

from devstack.stack import HOST


def serve(port: int) -> None:
    """Serve until SIGTERM or SIGINT."""
    server = TcpFakeServer((HOST, port))
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
