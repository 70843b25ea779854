"""The process table: one line per process that `./dev up` starts."""

import shutil
import sys
from collections.abc import Callable, Sequence

from devstack.environment import (
    EnvBuilder,
    config_service,
    emulator,
    no_env,
    seed,
    service,
    teacher,
    websocket,
)
from devstack.probes import answers, redis_answers
from devstack.stack import HOST, Plan, Process, Stack

# Not 6379: a Redis of the machine itself is often there already.
REDIS_PORT = 6390


def python_module(name: str, *arguments: str) -> Callable[[Stack], Sequence[str]]:
    return lambda _stack: (sys.executable, "-m", name, *arguments)


def redis_command(
    stack: Stack, *, find: Callable[[str], str | None] = shutil.which
) -> Sequence[str]:
    """A private instance that keeps nothing; without the binary, a stand-in of the same protocol."""
    port = str(stack.ports["redis"])
    binary = find("redis-server")
    if binary is None:
        return (sys.executable, "-m", "devstack.redis_server", port)
    settings = {
        "--bind": HOST,
        "--port": port,
        "--dir": str(stack.home.data),
        "--save": "",
        "--appendonly": "no",
        "--maxmemory": "128mb",
        "--maxmemory-policy": "noeviction",
        "--daemonize": "no",
    }
    return (binary, *(word for setting in settings.items() for word in setting))


def seed_command(_stack: Stack, *, fresh: bool) -> Sequence[str]:
    return (sys.executable, "-m", "devstack.seed", *(["--fresh"] if fresh else []))


def _emulator(name: str, port: int, about: str, env: EnvBuilder | None = None) -> Process:
    return Process(
        name=name,
        command=python_module(f"devstack.emulators.{name}"),
        port=port,
        probe=answers("/healthz"),
        env=env or emulator(name),
        depends_on=("redis",),
        about=about,
        emulated=True,
    )


PLAN = Plan(
    seed=seed_command,
    seed_env=seed,
    processes=(
        Process(
            "redis",
            redis_command,
            REDIS_PORT,
            redis_answers,
            no_env,
            about="cache, user channels",
        ),
        _emulator("ras", 4003, "emulated: batches, essays"),
        _emulator("cms", 5002, "emulated: classes, students"),
        _emulator("files", 7001, "emulated: uploads, their lock"),
        _emulator("content", 8000, "emulated: texts"),
        _emulator("identity", 7005, "emulated: accounts, tokens"),
        _emulator("websocket", 8081, "emulated: /ws/?token=, a user's messages", websocket),
        Process(
            name="config",
            command=python_module("services.config_service"),
            port=4103,
            probe=answers("/ready"),
            env=config_service,
            depends_on=("redis",),
            about="settings with their audit",
        ),
        Process(
            name="bff-teacher",
            command=python_module("services.bff_teacher"),
            port=4101,
            probe=answers("/ready"),
            env=teacher,
            depends_on=("redis", "ras", "cms", "files", "content", "identity", "config"),
            about="teacher screens; /openapi.json, /docs",
        ),
        Process(
            name="bff-admin",
            command=python_module("services.bff_admin"),
            port=4102,
            probe=answers("/ready"),
            env=service("bff-admin", "BFF_ADMIN_SERVICE"),
            depends_on=("redis", "identity", "config"),
            about="admin screens; /openapi.json, /docs",
        ),
        Process(
            name="gateway",
            command=python_module("services.gateway"),
            port=8080,
            probe=answers("/ready"),
            env=service("gateway", "API_GATEWAY"),
            depends_on=("bff-teacher", "bff-admin", "identity"),
            about="the address for front ends",
        ),
    ),
)
