"""The health check of the image, against what may answer on a port."""

import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.tiny_process import ENGINES, service
from tests.ports import free_port

SCRIPT = Path(__file__).resolve().parents[2] / "tools/healthcheck.sh"


def exit_code(port: int) -> int:
    """Without a PATH: the script finds no other program, and starts no Python."""
    done = subprocess.run(
        ["/bin/bash", str(SCRIPT), str(port)],
        env={"PATH": "/nonexistent", "http_proxy": "http://127.0.0.1:9"},
        capture_output=True,
        timeout=30,
        check=False,
    )
    return done.returncode


@contextmanager
def answering(raw: bytes) -> Iterator[int]:
    """A server that sends the bytes to its one caller, and then nothing more."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        ended = threading.Event()

        def answer() -> None:
            caller, _ = server.accept()
            with caller:
                caller.sendall(raw)
                ended.wait(30)

        thread = threading.Thread(target=answer)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            ended.set()
            thread.join()


@pytest.mark.parametrize("engine", ENGINES)
def test_service_is_healthy(tmp_path: Path, engine: str) -> None:
    with service(tmp_path, TINY_SERVICE_SERVER=engine) as running:
        assert exit_code(running.port) == 0


def test_nothing_on_the_port_is_unhealthy() -> None:
    assert exit_code(free_port()) == 1


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"HTTP/1.1 200",
        b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"-ERR unknown command 'GET'\r\n",
        b"\x00\xff\x00\r\n",
    ],
)
def test_anything_but_200_is_unhealthy_in_time(raw: bytes) -> None:
    with answering(raw) as port:
        assert exit_code(port) == 1
