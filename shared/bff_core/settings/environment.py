"""Reading the environment: aliases, Kubernetes' service links, misspelled names."""

import difflib
from collections.abc import Iterable, Mapping

MAX_TYPOS = 2
MIN_SIMILARITY = 0.8


def without_links(environ: Mapping[str, str], prefix: str) -> dict[str, str]:
    """Drop variables that Kubernetes injects for a service of this name, such as `X_PORT=tcp://…`."""
    return {
        name: value
        for name, value in environ.items()
        if not (name.upper().startswith(prefix.upper()) and _is_link(name.upper(), value))
    }


def _is_link(name: str, value: str) -> bool:
    if "_PORT" not in name:
        return False
    return value.startswith(("tcp://", "udp://", "sctp://")) or "_PORT_" in name


def expand_aliases(environ: Mapping[str, str], aliases: Mapping[str, str]) -> dict[str, str]:
    """Copy aliased values to the name they stand for; a name set under its own spelling wins."""
    expanded = dict(environ)
    for alias, name in aliases.items():
        if alias in environ and name not in environ:
            expanded[name] = environ[alias]
    return expanded


def closest(name: str, known: Iterable[str]) -> str | None:
    """The known name that `name` is likely a slip of: about two characters differ."""
    # Of short names that differ in two characters, too many are names of something else.
    cutoff = max(MIN_SIMILARITY, 1 - MAX_TYPOS / len(name) - 1e-9)
    # A whole word more or less, as in `GATEWAY_PORT`, is the name of another variable.
    similar = [one for one in known if abs(len(one) - len(name)) <= MAX_TYPOS]
    return next(iter(difflib.get_close_matches(name, similar, n=1, cutoff=cutoff)), None)
