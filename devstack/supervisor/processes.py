"""The process table of `./dev up`, and each process's environment as a deployment sets it."""

import os
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence

from devstack.seed.store import LEDGER_NAME, sqlite_url
from devstack.supervisor.probes import http_probe, redis_probe
from devstack.supervisor.stack import HOST, ProcessSpec, RunningStack, StackPlan

# Not 6379, where the machine's own Redis often listens.
REDIS_PORT = 6390
_SCENARIO_PACE_SECONDS = 3

# A proxy, a token or a database of the person's own shell must not reach the devstack.
_PASSED_NAMES = frozenset(
    {"PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "LOG_LEVEL", "LOG_FORMAT"}
)
_PASSED_PREFIXES = (
    "BFF_TEACHER_SERVICE_",
    "BFF_ADMIN_SERVICE_",
    "API_GATEWAY_",
    "CONFIG_SERVICE_",
    "OTEL_",
)
_URLS = {
    "RESULT_AGGREGATOR_URL": "ras",
    "CMS_API_URL": "cms",
    "FILE_SERVICE_URL": "files",
    "CONTENT_SERVICE_URL": "content",
    "IDENTITY_SERVICE_URL": "identity",
    "CONFIG_SERVICE_URL": "config",
    "API_GATEWAY_URL": "gateway",
    "BFF_TEACHER_URL": "bff-teacher",
    "BFF_ADMIN_URL": "bff-admin",
}

Environment = Callable[[RunningStack], dict[str, str]]


def inherited_environment(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """The part of the shell's environment that every process gets."""
    passed = {
        name: value
        for name, value in (os.environ if environ is None else environ).items()
        if name in _PASSED_NAMES or name.startswith(_PASSED_PREFIXES)
    }
    return {"LOG_LEVEL": "INFO", "LOG_FORMAT": "console", **passed, "PYTHONUNBUFFERED": "1"}


def seed_environment(stack: RunningStack) -> dict[str, str]:
    return {
        "DEVSTACK_DATA_DIR": str(stack.home.data),
        "HULEEDU_INTERNAL_API_KEY": stack.keys.internal_api_key,
        "IDENTITY_SERVICE_JWT_DEV_SECRET": stack.keys.jwt_secret,
    }


def seed_command(_stack: RunningStack, *, fresh: bool) -> Sequence[str]:
    return (sys.executable, "-m", "devstack.seed", *(["--fresh"] if fresh else []))


def redis_command(
    stack: RunningStack, *, which: Callable[[str], str | None] = shutil.which
) -> Sequence[str]:
    """A private instance that stores nothing; the fake server when Redis is not installed."""
    port = str(stack.ports["redis"])
    binary = which("redis-server")
    if binary is None:
        return (sys.executable, "-m", "devstack.supervisor.redis_server", port)
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


def _emulator(name: str, port: int, about: str) -> ProcessSpec:
    def environment(stack: RunningStack) -> dict[str, str]:
        platform = stack.platform
        pace = str(_SCENARIO_PACE_SECONDS) if platform.scenario else ""
        return {
            **seed_environment(stack),
            "DEVSTACK_HOST": HOST,
            "DEVSTACK_PORT": str(stack.ports[name]),
            "JWT_SECRET_KEY": stack.keys.jwt_secret,
            "REDIS_URL": stack.redis_url,
            "REDIS_CACHE_TTL_SECONDS": str(platform.ras_cache_seconds),
            "DEVSTACK_RAS_ESSAY_ENDPOINT": str(platform.ras_essay_endpoint).lower(),
            "DEVSTACK_CMS_CLASS_INFO": platform.cms_class_info,
            "DEVSTACK_SCENARIO_PACE_SECONDS": pace,
            # The platform's own channel, and the one that the teacher BFF publishes on.
            "DEVSTACK_WEBSOCKET_CHANNELS": "ws:{user_id} user:{user_id}:events",
        }

    return ProcessSpec(
        name=name,
        command=lambda _stack: (sys.executable, "-m", f"devstack.emulators.{name}"),
        port=port,
        probe=http_probe("/healthz"),
        env=environment,
        depends_on=("redis",),
        about=about,
        emulated=True,
    )


def service_environment(name: str, prefix: str) -> Environment:
    """The environment of one of our services; its databases lie with the devstack's data."""

    def environment(stack: RunningStack) -> dict[str, str]:
        urls = {variable: stack.url(to) for variable, to in _URLS.items() if to in stack.ports}
        ledger, config = stack.home.data / LEDGER_NAME, stack.home.data / "config.db"
        own = {
            "bff-teacher": {"BFF_TEACHER_SERVICE_LEDGER_URL": sqlite_url(ledger)},
            "config": {
                "CONFIG_SERVICE_DATABASE_URL": sqlite_url(config),
                "CONFIG_SERVICE_AUDIT_KEY": stack.keys.audit_key,
            },
        }
        return {
            **urls,
            f"{prefix}_HOST": HOST,
            f"{prefix}_PORT": str(stack.ports[name]),
            "ENVIRONMENT": "development",
            "JWT_SECRET_KEY": stack.keys.jwt_secret,
            "HULEEDU_INTERNAL_API_KEY": stack.keys.internal_api_key,
            "REDIS_URL": stack.redis_url,
            **own.get(name, {}),
        }

    return environment


def _service(
    name: str, port: int, prefix: str, depends_on: tuple[str, ...], about: str
) -> ProcessSpec:
    module = {"config": "config_service"}.get(name, name.replace("-", "_"))
    return ProcessSpec(
        name=name,
        command=lambda _stack: (sys.executable, "-m", f"services.{module}"),
        port=port,
        probe=http_probe("/ready"),
        env=service_environment(name, prefix),
        depends_on=depends_on,
        about=about,
    )


PLAN = StackPlan(
    seed=seed_command,
    seed_env=seed_environment,
    processes=(
        ProcessSpec(
            "redis",
            redis_command,
            REDIS_PORT,
            redis_probe,
            lambda _stack: {},
            about="cache, user channels",
        ),
        _emulator("ras", 4003, "emulated: batches, essays"),
        _emulator("cms", 5002, "emulated: classes, students"),
        _emulator("files", 7001, "emulated: uploads, their lock"),
        _emulator("content", 8000, "emulated: texts"),
        _emulator("identity", 7005, "emulated: accounts, tokens"),
        _emulator("websocket", 8081, "emulated: /ws/?token=, a user's messages"),
        _service("config", 4103, "CONFIG_SERVICE", ("redis",), "settings with their audit"),
        _service(
            "bff-teacher",
            4101,
            "BFF_TEACHER_SERVICE",
            ("redis", "ras", "cms", "files", "content", "identity", "config"),
            "teacher screens; /openapi.json, /docs",
        ),
        _service(
            "bff-admin",
            4102,
            "BFF_ADMIN_SERVICE",
            ("redis", "identity", "config"),
            "admin screens; /openapi.json, /docs",
        ),
        _service(
            "gateway",
            8080,
            "API_GATEWAY",
            ("bff-teacher", "bff-admin", "identity"),
            "the address for front ends",
        ),
    ),
)
