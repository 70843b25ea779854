"""Contestants: our services as shipped, a baseline checkout, and the peers."""

import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from benchmarks.processes import ROOT, ServerProcess, python, python_path, server_process
from bff_core.testing import SECRET

NODE = Path(__file__).parent / "peers" / "node"
DOWNSTREAMS = ("RAS", "CMS", "BOS", "FILES", "CONTENT", "IDENTITY", "ENTITLEMENTS", "CONFIG")
ENGINES = ("Hypercorn", "Granian")
TEACHER = "services.bff_teacher.asgi:app"
GRANIAN = ("--interface", "asgi", "--loop", "uvloop", "--http", "1", "--no-ws", "--workers", "1")
"""Options of Granian's own command, as docs/performance.md gives them to operators."""
INTERNAL_KEY = "an-internal-key-that-is-only-for-benchmarks"


@dataclass(frozen=True, slots=True)
class Contestant:
    """A server to start; `{port}` in its command and environment is replaced by its port."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: Path = ROOT


MakeContestant = Callable[[str, Path], Contestant]
"""Makes a contestant from the upstream's URL and a folder for a service's files."""


def teacher_environment(upstream: str, folder: Path) -> dict[str, str]:
    """The variables that a deployment must set: addresses, keys and the ledger's place."""
    urls = {f"BFF_TEACHER_SERVICE_{name}__URL": upstream for name in DOWNSTREAMS}
    return urls | {
        "ENVIRONMENT": "production",
        "JWT_SECRET_KEY": SECRET,
        "HULEEDU_INTERNAL_API_KEY": INTERNAL_KEY,
        "BFF_TEACHER_SERVICE_HOST": "127.0.0.1",
        "BFF_TEACHER_SERVICE_PORT": "{port}",
        "BFF_TEACHER_SERVICE_LEDGER_URL": f"sqlite:///{folder / 'ledger-{port}.sqlite3'}",
    }


def gateway_environment(upstream: str, _: Path) -> dict[str, str]:
    return {
        "ENVIRONMENT": "production",
        "JWT_SECRET_KEY": SECRET,
        "API_GATEWAY_SESSION_KEYS": SECRET,
        "BFF_TEACHER_URL": upstream,
        "BFF_ADMIN_URL": upstream,
        "IDENTITY_SERVICE_URL": upstream,
        "API_GATEWAY_HOST": "127.0.0.1",
        "API_GATEWAY_PORT": "{port}",
        # The shipped limit would refuse the few users of a benchmark after two seconds.
        "API_GATEWAY_USER_PER_MINUTE": "100000000",
    }


def ours(engine: str, upstream: str, folder: Path) -> Contestant:
    environment = teacher_environment(upstream, folder)
    environment["BFF_TEACHER_SERVICE_SERVER"] = engine.lower()
    return Contestant(f"ours on {engine}", python("services.bff_teacher"), environment)


def gateway(upstream: str, folder: Path) -> Contestant:
    """The gateway, which runs on Granian alone."""
    environment = gateway_environment(upstream, folder)
    return Contestant("gateway", python("services.gateway"), environment)


def baseline_of(root: Path, make: MakeContestant, upstream: str, folder: Path) -> Contestant:
    """The same service as shipped in another checkout, which has its own `.venv`."""
    shipped = make(upstream, folder)
    environment = {
        name: value for name, value in shipped.environment.items() if not name.endswith("_SERVER")
    }
    interpreter = str(root / ".venv" / "bin" / "python")
    command = [interpreter, *shipped.command[1:]]
    return Contestant("baseline", command, environment | python_path(root), root)


def baseline_on_granian(root: Path, upstream: str, folder: Path) -> Contestant:
    """The teacher BFF of another checkout under Granian's own command."""
    interpreter = str(root / ".venv" / "bin" / "python")
    place = ("--host", "127.0.0.1", "--port", "{port}")
    command = [interpreter, "-m", "granian", *GRANIAN, *place, TEACHER]
    environment = teacher_environment(upstream, folder) | python_path(root)
    return Contestant("baseline on Granian", command, environment, root)


def peer(name: str, module: str, upstream: str, _: Path, **more: str) -> Contestant:
    command = python(f"benchmarks.peers.{module}")
    return Contestant(name, command, {"UPSTREAM": upstream} | more)


def on_engine(name: str, module: str, engine: str) -> MakeContestant:
    return partial(peer, f"{name} on {engine}", module, ENGINE=engine.lower())


fastapi = partial(peer, "FastAPI + httpx", "fastapi_bff")
floor = partial(peer, "aiohttp floor", "aiohttp_bff")
floor_with_names = partial(peer, "aiohttp floor, names cached", "aiohttp_bff", CACHE_NAMES="1")
bare_quart = partial(peer, "bare Quart", "quart_bff")


def fastify(upstream: str, _: Path) -> Contestant:
    node = shutil.which("node") or "node"
    return Contestant("Fastify + undici", [node, "bff.js"], {"UPSTREAM": upstream}, NODE)


def prepare_node() -> bool:
    """Install the locked packages of the Node peer; False without Node."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        return False
    if not (NODE / "node_modules").is_dir():
        subprocess.run([npm, "ci", "--silent", "--no-audit", "--no-fund"], cwd=NODE, check=True)
    return True


@contextmanager
def all_running(contestants: Sequence[Contestant]) -> Iterator[list[ServerProcess]]:
    with ExitStack() as stack:
        yield [
            stack.enter_context(
                server_process(one.name, one.command, one.environment, folder=one.folder)
            )
            for one in contestants
        ]
