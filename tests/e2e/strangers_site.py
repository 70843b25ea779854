"""The stranger's page: its build with the packed client, its server, and keys for its tokens."""

import functools
import http.server
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.e2e.killable_stack import Environment
from tests.node_tools import output_of

PAGE = Path(__file__).parent / "strangers_page"
TOKEN_SECONDS = 8
"""Lifetime of an access token: every test outlives one, most of them several."""


def signing_key(folder: Path, kid: str) -> Environment:
    """The variables of an Identity that signs with a new key of its own."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    path = folder / f"{kid}.pem"
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(pem)
    return {
        "DEVSTACK_IDENTITY_RS256": "1",
        "IDENTITY_SERVICE_JWT_RS256_PRIVATE_KEY_PATH": str(path),
        "IDENTITY_SERVICE_JWT_RS256_PUBLIC_JWKS_KID": kid,
        "IDENTITY_SERVICE_JWT_ACCESS_TOKEN_EXPIRES_SECONDS": str(TOKEN_SECONDS),
        "DEVSTACK_IDENTITY_LOGIN_LIMIT": "100",
    }


def build(folder: Path, package: Path, api: str) -> Path:
    """Install as a stranger does, from the lock and the packed client, and build."""
    shutil.copytree(PAGE, folder, ignore=shutil.ignore_patterns("node_modules", "dist"))
    packed = output_of(package, "npm", "pack", "--pack-destination", str(folder)).split()[-1]
    output_of(folder, "npm", "ci", "--prefer-offline")
    output_of(folder, "npm", "install", "--no-save", "--prefer-offline", f"./{packed}")
    output_of(folder, "npm", "run", "build", VITE_API_URL=api)
    return folder / "dist"


@contextmanager
def served(folder: Path, *, port: int) -> Iterator[None]:
    """The built page at a port of this machine."""
    handler = functools.partial(QuietHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield
        finally:
            server.shutdown()


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args: Any) -> None: ...
