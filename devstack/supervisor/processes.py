"""The process table of `./dev up`, with each process's probe, and its environment as a deployment has it."""

import asyncio
import shutil
import sys
from collections.abc import Awaitable, Callable, Sequence

from devstack.events.outbox import BROKER_VARIABLE
from devstack.seed.store import LEDGER_NAME, sqlite_url
from devstack.supervisor.child import CODE_ROOT
from devstack.supervisor.kafka_broker import kafka_command
from devstack.supervisor.stack import HOST, Probe, ProcessSpec, RunningStack, StackPlan

PROBE_SECONDS = 2.0
# Not 6379, where the machine's own Redis often listens.
REDIS_PORT = 6390
# Not 9092, where a Kafka of the machine would listen.
KAFKA_PORT = 9190
_SCENARIO_PACE_SECONDS = 3
_URLS = {
    "RESULT_AGGREGATOR_URL": "ras",
    "CMS_API_URL": "cms",
    "FILE_SERVICE_URL": "files",
    "CONTENT_SERVICE_URL": "content",
    "IDENTITY_SERVICE_URL": "identity",
    "BATCH_ORCHESTRATOR_SERVICE_URL": "bos",
    "ENTITLEMENTS_SERVICE_URL": "entitlements",
    "PLATFORM_GATEWAY_URL": "platform_gateway",
    "CONFIG_SERVICE_URL": "config_service",
    "API_GATEWAY_URL": "gateway",
    "BFF_TEACHER_URL": "bff_teacher",
    "BFF_ADMIN_URL": "bff_admin",
}
_DOWNSTREAMS = (
    "ras", "cms", "files", "content", "identity", "bos", "entitlements", "platform_gateway"
)  # fmt: skip


def http_probe(path: str) -> Probe:
    """A probe that is satisfied by 200 for `GET path`."""

    async def probe(port: int) -> str | None:
        request = f"GET {path} HTTP/1.1\r\nHost: {HOST}:{port}\r\nConnection: close\r\n\r\n"
        line, fault = await _exchange(port, request.encode())
        words = line.decode("ascii", "replace").split()
        if len(words) > 1 and words[0].startswith("HTTP/"):
            return None if words[1] == "200" else f"GET {path} answers {words[1]}"
        return fault or f"it does not speak HTTP on port {port}"

    return probe


async def redis_probe(port: int) -> str | None:
    line, fault = await _exchange(port, b"*1\r\n$4\r\nPING\r\n")
    return None if line == b"+PONG\r\n" else fault or f"it answers PING with {line[:60]!r}"


async def kafka_probe(port: int) -> str | None:
    """Asks for the versions of the protocol, which every broker answers."""
    request_id = b"up??"
    request = b"\x00\x12\x00\x00" + request_id + b"\xff\xff"
    sized = len(request).to_bytes(4, "big") + request
    answer, fault = await _exchange(port, sized, lambda reader: reader.readexactly(8))
    return None if answer[4:] == request_id else fault or "it does not speak Kafka's protocol"


async def _exchange(
    port: int,
    request: bytes,
    read: Callable[[asyncio.StreamReader], Awaitable[bytes]] = asyncio.StreamReader.readline,
) -> tuple[bytes, str | None]:
    """The part of the answer that is read, its first line unless told, or why there is none."""
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            reader, writer = await asyncio.open_connection(HOST, port)
            try:
                writer.write(request)
                return await read(reader), None
            finally:
                writer.close()
    except TimeoutError:
        return b"", f"port {port} does not answer within {PROBE_SECONDS:g} s"
    except (OSError, ValueError, asyncio.IncompleteReadError):
        return b"", f"nothing answers on port {port}"


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
            BROKER_VARIABLE: stack.bootstrap_servers,
            "REDIS_CACHE_TTL_SECONDS": str(platform.ras_cache_seconds),
            "DEVSTACK_RAS_ESSAY_ENDPOINT": str(platform.ras_essay_endpoint).lower(),
            "DEVSTACK_CMS_CLASS_INFO": platform.cms_class_info,
            "DEVSTACK_ENTITLEMENTS_ADMIN": platform.entitlements_admin,
            "DEVSTACK_CMS_VALIDATION_STATUS": str(platform.cms_validation_status).lower(),
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
        # The one service of ours that has no process of its own.
        sources=(CODE_ROOT / "services/identity_admin",) if name == "identity" else (),
    )


def service_environment(name: str, prefix: str) -> Callable[[RunningStack], dict[str, str]]:
    """The environment of one of our services; its databases lie with the devstack's data."""

    def environment(stack: RunningStack) -> dict[str, str]:
        others = [pair for pair in _URLS.items() if pair[1] != name and pair[1] in stack.ports]
        urls = {variable: stack.url(to) for variable, to in others}
        ledger, config = stack.home.data / LEDGER_NAME, stack.home.data / "config.db"
        screens = {"API_GATEWAY_STATIC_DIR": str(stack.screens)} if stack.screens else {}
        own = {
            "bff_teacher": {
                "BFF_TEACHER_SERVICE_LEDGER_URL": sqlite_url(ledger),
                BROKER_VARIABLE: stack.bootstrap_servers,
            },
            "gateway": {"API_GATEWAY_SESSION_KEYS": stack.keys.session_key, **screens},
            "config_service": {
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
    return ProcessSpec(
        name=name,
        command=lambda _stack: (sys.executable, "-m", f"services.{name}"),
        port=port,
        probe=http_probe("/ready"),
        env=service_environment(name, prefix),
        depends_on=depends_on,
        about=about,
        sources=(CODE_ROOT / "services" / name, CODE_ROOT / "shared/bff_core"),
    )


PLAN = StackPlan(
    seed=seed_command,
    seed_env=seed_environment,
    processes=(
        ProcessSpec("redis", redis_command, REDIS_PORT, redis_probe, about="cache, user channels"),
        # Every service runs without it, as on the platform: none waits for it.
        ProcessSpec("kafka", kafka_command, KAFKA_PORT, kafka_probe, about="the platform's events"),
        _emulator("ras", 4003, "emulated: batches, essays"),
        _emulator("cms", 5002, "emulated: classes, students"),
        _emulator("files", 7001, "emulated: uploads, their lock"),
        _emulator("content", 8000, "emulated: texts"),
        _emulator("identity", 7005, "emulated: accounts, tokens"),
        _emulator("bos", 5001, "emulated: pipelines, their phases"),
        _emulator("entitlements", 8083, "emulated: credits"),
        _emulator("platform_gateway", 8082, "emulated: registration, start of pipelines"),
        _emulator("websocket", 8081, "emulated: /ws/?token=, a user's messages"),
        _service("config_service", 4103, "CONFIG_SERVICE", ("redis",), "settings with their audit"),
        _service(
            "bff_teacher",
            4101,
            "BFF_TEACHER_SERVICE",
            ("redis", *_DOWNSTREAMS, "config_service"),
            "teacher screens; /openapi.json, /docs",
        ),
        _service(
            "bff_admin",
            4102,
            "BFF_ADMIN_SERVICE",
            ("redis", "identity", "entitlements", "config_service"),
            "admin screens; /openapi.json, /docs",
        ),
        _service(
            "gateway",
            8080,
            "API_GATEWAY",
            ("bff_teacher", "bff_admin", "identity"),
            "the screens, and the API of front ends",
        ),
    ),
)
