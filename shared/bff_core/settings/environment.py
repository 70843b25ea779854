"""The environment as it is found: aliases, Kubernetes' service links, misspelled names."""

from collections.abc import Iterable, Mapping

NEAR = 2


def without_links(environ: Mapping[str, str], prefix: str) -> dict[str, str]:
    """Drop what Kubernetes injects for a service of our name, such as `X_PORT=tcp://…`."""
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
    """Give aliased values their own name; a name set under its own spelling wins."""
    expanded = dict(environ)
    for alias, name in aliases.items():
        if alias in environ and name not in environ:
            expanded[name] = environ[alias]
    return expanded


def closest(name: str, ours: Iterable[str]) -> str | None:
    """One of our names that `name` is likely a slip of, at most two edits away."""
    near = [(edit_distance(name, own), own) for own in ours if abs(len(own) - len(name)) <= NEAR]
    best = min(near, default=(NEAR + 1, ""))
    return best[1] if best[0] <= NEAR else None


def edit_distance(left: str, right: str) -> int:
    """Insertions, deletions and replacements that turn one into the other."""
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, start=1):
        previous, row[0] = row[0], i
        for j, b in enumerate(right, start=1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (a != b))
    return row[-1]
