"""Answers 200 to everything on a port, or misbehaves as STUB_MODE says."""

import os
import signal
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer


class Always200(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        sys.stdout.write("asked\n")
        sys.stdout.flush()


mode = os.environ["STUB_MODE"]
if mode == "die":
    sys.stderr.write("the stub cannot find its flux capacitor\n")
    raise SystemExit(3)
if mode == "grandchild":
    grandchild = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    sys.stdout.write(f"{grandchild.pid}\n")
    sys.stdout.flush()
if mode == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
HTTPServer(("127.0.0.1", int(sys.argv[1])), Always200).serve_forever()
