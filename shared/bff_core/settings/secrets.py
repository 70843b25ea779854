"""Secrets: read from files that `*_FILE` variables name, and refused when they can never work."""

from collections.abc import Collection, Mapping
from pathlib import Path

from bff_core.settings.environment import Environment, SettingsError

SUFFIX = "_FILE"
MAX_BYTES = 64 * 1024


PLATFORM_DEFAULTS = frozenset(
    {
        "test-secret-key",
        "your-secret-key-here",
        "dev-secret-change-me",
        "hule-internal-dev-key",
        "changeme",
        "secret",
    }
)
DEMO_PREFIX = "demo-only-"
"""Prefix of the public demo secrets, those of `.env.example`."""
SHORTEST_SECRET = 32
INTERNAL_KEY = "HULEEDU_INTERNAL_API_KEY"


def read_secret_files(environ: Mapping[str, str], secrets: Collection[str]) -> dict[str, str]:
    """Replace each `NAME_FILE` by `NAME` with the file's text, without the newline at its end.

    Raises:
        SettingsError: The file cannot be read, or `NAME` is set as well.
    """
    files = {name + SUFFIX: name for name in secrets}
    expanded = {name: value for name, value in environ.items() if name.upper() not in files}
    for variable, path in environ.items():
        name = files.get(variable.upper())
        if name is None or not path:
            continue
        if expanded.get(name):
            raise SettingsError(f"{name} and {variable} exclude each other")
        expanded[name] = _text_of(variable, path)
    return expanded


def _text_of(variable: str, path: str) -> str:
    file = Path(path)
    try:
        if not file.is_file():
            raise SettingsError(f"{variable}: {path} is not a file")
        with file.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise SettingsError(f"{variable}: {path} is larger than {MAX_BYTES} bytes")
        return content.decode().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise SettingsError(f"{variable}: {path}: {reason}") from error
    except ValueError:
        raise SettingsError(f"{variable}: the path holds a NUL") from None


def flaw_in(secret: str) -> str | None:
    """Why a secret can never work, if so; the text shows no part of it."""
    if not secret.isprintable():
        return "holds a newline or another control character"
    if secret != secret.strip():
        return "begins or ends with a blank"
    if len(secret) > 1 and secret[0] == secret[-1] and secret[0] in "\"'`":
        return "is in quotes, which would be a part of it"
    return None


def fault_of(name: str, secret: str, environment: Environment) -> str | None:
    """Why a secret is refused, if so: missing, unusable or, outside development, easy to guess."""
    if not secret:
        return "is not set"
    flaw = flaw_in(secret)
    if flaw is None and name == INTERNAL_KEY and not secret.isascii():
        flaw = "holds a character that no header can carry"
    if flaw or environment.lenient:
        return flaw
    if secret in PLATFORM_DEFAULTS or secret.startswith(DEMO_PREFIX):
        return "is a well-known default; set a secret of your own"
    if len(secret) < SHORTEST_SECRET:
        return f"is shorter than {SHORTEST_SECRET} characters"
    return None
