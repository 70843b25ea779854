"""Answers 200 to everything on a port, or misbehaves as STUB_MODE says."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

mode = os.environ["STUB_MODE"]
if mode == "die":
    sys.stderr.write("the stub cannot find its flux capacitor\n")
    raise SystemExit(3)
if mode.startswith("once:"):
    # The first start serves; later ones die until the file is gone.
    marker = Path(mode.removeprefix("once:"))
    if marker.exists():
        raise SystemExit(4)
    marker.touch()
if mode == "grandchild":
    grandchild = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    os.write(1, f"{grandchild.pid}\n".encode())
if mode == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)

# Plain sockets: a start is measured in milliseconds, and the tests make many.
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    connection, _ = server.accept()
    with connection:
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    os.write(1, b"asked\n")
