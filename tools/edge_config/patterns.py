"""Regular expressions in the syntax that RE2 and Go share, which have no lookahead."""

import re
from collections.abc import Iterable

_DOT = r"(?:\.|%2[Ee])"
_PLAIN = r"[A-Za-z0-9_~!$&'()*+,=:@-]"
# Printable ASCII but / \ ; % and the dot; then U+00C0 to U+00FF, which have one form in Unicode.
_ENCODED = (
    r"%(?:2[0-46-9A-Da-d]|3[0-9AaC-Fc-f]|5[0-9ABabD-Fd-f]|[46][0-9A-Fa-f]|7[0-9A-Ea-e]"
    r"|[Cc]3%[89ABab][0-9A-Fa-f])"
)
_UNIT = f"(?:{_PLAIN}|{_ENCODED})"
SEGMENT = rf"(?:{_DOT}{{0,2}}{_UNIT}|{_DOT}{{3}})(?:{_UNIT}|{_DOT})*"
"""One segment of a path that `checked_path` of the gateway lets through; never `.` or `..`.

Of the characters beyond ASCII it admits U+00C0 to U+00FF alone: of the others, many are turned
into a slash or a dot by some server's normalisation, and no expression of this size knows which.
"""
BELOW = f"/(?:{SEGMENT}(?:/{SEGMENT})*/?)?"
"""Everything below a prefix."""
TOKEN = r"[Bb]earer [A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+"  # noqa: S105 - its form alone
"""A value of `Authorization` with one signed token."""
_ANY_SEGMENT = "[^/]+"
_PARAMETER = re.compile(r"\\\{\w+\\\}")


def below(prefix: str) -> str:
    return re.escape(prefix) + BELOW


def of_template(path: str) -> str:
    """Paths of an OpenAPI template such as `/batches/{batch_id}`."""
    return _PARAMETER.sub(lambda _: SEGMENT, re.escape(path))


def of_pattern(pattern: bytes) -> str:
    """A pattern of the route table, each of whose free segments is a safe one.

    Raises:
        ValueError: It has another free part, for which nothing here is safe.
    """
    text = pattern.decode("ascii")
    rest = text.replace(_ANY_SEGMENT, "")
    if "[" in rest or "." in rest:
        raise ValueError(f"{text} holds something else than whole segments")
    return text.replace(_ANY_SEGMENT, SEGMENT)


def other_names(names: Iterable[str], prefixes: Iterable[str] = ()) -> str:
    """All header names in lower case but these and those that begin with a prefix.

    A pseudo-header of HTTP/2, such as `:path`, is never among them.
    """
    tree: _Tree = {}
    for name in names:
        _insert(tree, f"{name}{_END}")
    for prefix in prefixes:
        _insert(tree, f"{prefix}{_ALL}")
    return _outside(tree, first=True)


_Tree = dict[str, "_Tree"]
_END = "\n"
_ALL = "\0"


def _insert(tree: _Tree, name: str) -> None:
    for character in name:
        tree = tree.setdefault(character, {})


def _outside(tree: _Tree, *, first: bool = False) -> str:
    """Matches the rest of a name that leads out of the tree."""
    if _ALL in tree:
        return ""
    branches = {key: _outside(rest) for key, rest in sorted(tree.items()) if key != _END}
    steps = "".join(re.escape(key) for key in sorted(branches) if key != "-")
    steps += "-" if "-" in branches else ""
    options = [f"[^{':' if first else ''}{steps}].*" if steps or first else ".+"]
    options += [f"{re.escape(key)}{rest}" for key, rest in branches.items() if rest]
    outside = f"(?:{'|'.join(options)})"
    # To end here is no name of the list, unless one does.
    return outside if _END in tree or first else f"{outside}?"
