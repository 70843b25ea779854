"""Who takes part: ours as it is shipped, and what people would pick instead."""

import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.processes import ROOT, Running, python, running
from bff_core.testing import SECRET

NODE = Path(__file__).parent / "peers" / "node"
DOWNSTREAMS = ("RAS", "CMS", "FILES", "CONTENT", "IDENTITY", "CONFIG")
TEACHER = "services.bff_teacher.asgi:app"
GRANIAN = ("--interface", "asgi", "--loop", "uvloop", "--http", "1", "--no-ws", "--workers", "1")
"""As docs/performance.md tells operators to start it."""
INTERNAL_KEY = "an-internal-key-that-is-only-for-benchmarks"


@dataclass(frozen=True, slots=True)
class Contestant:
    """How to start one; `{port}` in its command and environment is where it listens."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: Path = ROOT


MakeContestant = Callable[[str, Path], Contestant]
"""From the upstream's URL and a folder for what a service keeps."""


def ours_environment(upstream: str, folder: Path) -> dict[str, str]:
    """What a deployment must set, and nothing else: addresses, keys, the ledger's place."""
    urls = {f"BFF_TEACHER_SERVICE_{name}__URL": upstream for name in DOWNSTREAMS}
    return urls | {
        "ENVIRONMENT": "production",
        "JWT_SECRET_KEY": SECRET,
        "HULEEDU_INTERNAL_API_KEY": INTERNAL_KEY,
        "BFF_TEACHER_SERVICE_HOST": "127.0.0.1",
        "BFF_TEACHER_SERVICE_PORT": "{port}",
        "BFF_TEACHER_SERVICE_LEDGER_URL": f"sqlite:///{folder / 'ledger-{port}.sqlite3'}",
    }


def ours(upstream: str, folder: Path) -> Contestant:
    return Contestant("ours", python("services.bff_teacher"), ours_environment(upstream, folder))


def ours_on_granian(upstream: str, folder: Path) -> Contestant:
    command = python("granian", *GRANIAN, "--host", "127.0.0.1", "--port", "{port}", TEACHER)
    return Contestant("ours on Granian", command, ours_environment(upstream, folder))


def gateway(upstream: str, _: Path) -> Contestant:
    environment = {
        "ENVIRONMENT": "production",
        "JWT_SECRET_KEY": SECRET,
        "BFF_TEACHER_URL": upstream,
        "BFF_ADMIN_URL": upstream,
        "IDENTITY_SERVICE_URL": upstream,
        "API_GATEWAY_HOST": "127.0.0.1",
        "API_GATEWAY_PORT": "{port}",
        # Else each of the few callers would be refused after two seconds.
        "API_GATEWAY_USER_PER_MINUTE": "100000000",
    }
    return Contestant("gateway", python("services.gateway"), environment)


def peer(name: str, module: str, upstream: str, **more: str) -> Contestant:
    command = python(f"benchmarks.peers.{module}")
    return Contestant(name, command, {"UPSTREAM": upstream} | more)


def fastapi(upstream: str, _: Path) -> Contestant:
    return peer("FastAPI + httpx", "fastapi_bff", upstream)


def fastify(upstream: str, _: Path) -> Contestant:
    node = shutil.which("node") or "node"
    return Contestant("Fastify + undici", [node, "bff.js"], {"UPSTREAM": upstream}, NODE)


def floor(upstream: str, _: Path) -> Contestant:
    return peer("aiohttp floor", "aiohttp_bff", upstream)


def remembering_floor(upstream: str, _: Path) -> Contestant:
    return peer("aiohttp floor, names kept", "aiohttp_bff", upstream, REMEMBERS="1")


def bare(upstream: str, _: Path) -> Contestant:
    return peer("bare Quart", "quart_bff", upstream)


def bare_proxy(upstream: str, _: Path) -> Contestant:
    return Contestant(
        "bare proxy", python("benchmarks.proxy_peers", "bare"), {"UPSTREAM": upstream}
    )


def prepare_node() -> bool:
    """Install the Node peer's packages as its lock says; False when Node is not there."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        return False
    if not (NODE / "node_modules").is_dir():
        subprocess.run([npm, "ci", "--silent", "--no-audit", "--no-fund"], cwd=NODE, check=True)
    return True


@contextmanager
def all_running(contestants: Sequence[Contestant]) -> Iterator[list[Running]]:
    with ExitStack() as stack:
        yield [
            stack.enter_context(running(one.name, one.command, one.environment, folder=one.folder))
            for one in contestants
        ]
