"""The environment of each process: the same names that a deployment sets."""

import json
import os
from collections.abc import Callable, Mapping

from devstack.seed.store import LEDGER_NAME
from devstack.stack import HOST, Stack

EnvBuilder = Callable[[Stack], dict[str, str]]

ALLOWED_SERVICE_IDS = ("bff-teacher-service", "bff-admin-service", "api-gateway-service")
RAS_CACHE_SECONDS = 5
SCENARIO_PACE_SECONDS = 3
WEBSOCKET_CHANNELS = ("ws:{user_id}", "user:{user_id}:events")

# A proxy, a token or a database of the person's own shell must not reach the demo stack.
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


def inherited(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """What a process may take from the shell: the basics, and settings under our own prefixes."""
    source = os.environ if environ is None else environ
    passed = {
        name: value
        for name, value in source.items()
        if name in _PASSED_NAMES or name.startswith(_PASSED_PREFIXES)
    }
    return {"LOG_LEVEL": "INFO", "LOG_FORMAT": "console", **passed, "PYTHONUNBUFFERED": "1"}


def no_env(_stack: Stack) -> dict[str, str]:
    return {}


def emulator(name: str) -> EnvBuilder:
    def build(stack: Stack) -> dict[str, str]:
        return {
            **seed(stack),
            "DEVSTACK_HOST": HOST,
            "DEVSTACK_PORT": str(stack.ports[name]),
            "REDIS_URL": stack.redis_url,
            "REDIS_CACHE_TTL_SECONDS": str(RAS_CACHE_SECONDS),
            "ALLOWED_SERVICE_IDS": json.dumps(ALLOWED_SERVICE_IDS),
            "DEVSTACK_RAS_ESSAY_ENDPOINT": str(stack.ras_essay_endpoint).lower(),
            "DEVSTACK_SCENARIO_PACE_SECONDS": str(SCENARIO_PACE_SECONDS) if stack.scenario else "",
        }

    return build


def websocket(stack: Stack) -> dict[str, str]:
    """Both channels of a user: the platform's own and the one that the teacher BFF publishes on."""
    return {
        **emulator("websocket")(stack),
        "JWT_SECRET_KEY": stack.keys.jwt_secret,
        "DEVSTACK_WEBSOCKET_CHANNELS": " ".join(WEBSOCKET_CHANNELS),
    }


def seed(stack: Stack) -> dict[str, str]:
    return {
        "DEVSTACK_DATA_DIR": str(stack.home.data),
        "HULEEDU_INTERNAL_API_KEY": stack.keys.internal_api_key,
        "IDENTITY_SERVICE_JWT_DEV_SECRET": stack.keys.jwt_secret,
    }


def service(name: str, prefix: str) -> EnvBuilder:
    def build(stack: Stack) -> dict[str, str]:
        return {
            **_downstream_urls(stack),
            f"{prefix}_HOST": HOST,
            f"{prefix}_PORT": str(stack.ports[name]),
            "ENVIRONMENT": "development",
            "JWT_SECRET_KEY": stack.keys.jwt_secret,
            "HULEEDU_INTERNAL_API_KEY": stack.keys.internal_api_key,
            "REDIS_URL": stack.redis_url,
        }

    return build


def config_service(stack: Stack) -> dict[str, str]:
    return {
        **service("config", "CONFIG_SERVICE")(stack),
        "CONFIG_SERVICE_DATABASE_URL": f"sqlite:///{stack.home.data / 'config.db'}",
        "CONFIG_SERVICE_AUDIT_KEY": stack.keys.audit_key,
    }


def teacher(stack: Stack) -> dict[str, str]:
    """As any service, and a ledger that lies with the rest of the demo's data."""
    ledger = stack.home.data / LEDGER_NAME
    return {
        **service("bff-teacher", "BFF_TEACHER_SERVICE")(stack),
        "BFF_TEACHER_SERVICE_LEDGER_URL": f"sqlite:///{ledger}",
    }


def _downstream_urls(stack: Stack) -> dict[str, str]:
    return {variable: stack.url(name) for variable, name in _URLS.items() if name in stack.ports}
