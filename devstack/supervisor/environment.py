"""Variables of the person's shell that reach the processes of the devstack, and those that do not.

A proxy, a token or a database of the shell must not reach it, so only these names are passed.
"""

import os
from collections.abc import Iterator, Mapping

from devstack.errors import did_you_mean

SHELL_NAMES = frozenset({"PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR"})
LOG_NAMES = frozenset({"LOG_LEVEL", "LOG_FORMAT"})
SERVICE_PREFIXES = (
    "BFF_TEACHER_SERVICE_",
    "BFF_ADMIN_SERVICE_",
    "API_GATEWAY_",
    "CONFIG_SERVICE_",
    "OTEL_",
)
EMULATOR_VARIABLES = {
    "IDENTITY_SERVICE_JWT_ACCESS_TOKEN_EXPIRES_SECONDS": (
        "Seconds that an access token of the sign-in lives (3600); a refresh token, 24 times as long."
    ),
    "DEVSTACK_IDENTITY_LOGIN_LIMIT": "Sign-ins of one address in a minute (5).",
    "DEVSTACK_CMS_ROSTER_SECONDS": "Seconds for which a roster keeps CMS busy (0.015).",
    "DEVSTACK_BASE_DATE": "The time from which the demo data counts back, such as 2026-02-03T09:00:00.",
    "DEVSTACK_EFFECTS_SPEED": "How many times as fast as on the platform writes take effect (1).",
    "DEVSTACK_SCENARIO_SEED": "Another order of the moves of batches (0).",
    "WEBSOCKET_MAX_CONNECTIONS_PER_USER": "Sockets of one user (5).",
    "IDENTITY_ADMIN_MAIL_ON_APPROVAL": "Template of the email after an approval.",
    "IDENTITY_ADMIN_MAIL_ON_DENIAL": "Template of the email after a denial.",
    "IDENTITY_ADMIN_SCOPE": "`org` (the default here): admins see their own school; `all`: all.",
}
"""Settings of the emulators, with their defaults."""
_OWN_NAMES = frozenset({"DEVSTACK_HOME"})
_OURS = ("DEVSTACK_", "IDENTITY_", "WEBSOCKET_", "HULEEDU_", "JWT_", "BFF_")
_SET_HERE = frozenset(
    {
        "ENVIRONMENT",
        "REDIS_URL",
        "KAFKA_BOOTSTRAP_SERVERS",
        "HULEEDU_INTERNAL_API_KEY",
        "JWT_SECRET_KEY",
    }
)


def inherited_environment(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """The part of the shell's environment that every process gets."""
    given = os.environ if environ is None else environ
    passed = {name: value for name, value in given.items() if _is_passed(name)}
    return {"LOG_LEVEL": "INFO", "LOG_FORMAT": "console", **passed, "PYTHONUNBUFFERED": "1"}


def ignored_variables(environ: Mapping[str, str]) -> Iterator[str]:
    """One line for each variable that looks meant for the devstack and does not reach it."""
    known = [*EMULATOR_VARIABLES, *LOG_NAMES, *_OWN_NAMES]
    for name in sorted(environ):
        if _is_passed(name) or name in _OWN_NAMES:
            continue
        if name in _SET_HERE:
            yield f"{name} is not used: the devstack sets its own."
        elif name.startswith(_OURS):
            yield f"{name} is not used: the devstack knows no such variable.{did_you_mean(name, known)}"


def _is_passed(name: str) -> bool:
    return name in SHELL_NAMES | LOG_NAMES or (
        name in EMULATOR_VARIABLES or name.startswith(SERVICE_PREFIXES)
    )
