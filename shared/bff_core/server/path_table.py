"""Which route a GET's path is, for the routes whose answer cannot be in doubt.

Werkzeug's matcher is a closure that holds itself, so that each path it looks at leaves eight objects
to the garbage collector. Here are those of its own rules that no other rule can stand in for; it is
asked about every path that they do not know.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from werkzeug.routing import Rule

_PARAMETER = re.compile(r"<(\w+)>")
# Ids, and no more than they need: what may be read in two ways is left alone.
_ID = re.compile(r"[A-Za-z0-9_-]+")
_NO_VALUES: Mapping[str, Any] = MappingProxyType({})

Found = tuple[Rule, Mapping[str, Any]]


class _Shape(NamedTuple):
    """A rule by its steps; a step is a parameter where it has a name."""

    rule: Rule
    steps: Sequence[str]
    names: Sequence[str | None]

    def meets(self, other: "_Shape") -> bool:
        """Whether a path may be both."""
        pairs = zip(self.steps, self.names, other.steps, other.names, strict=True)
        return all(
            name or other_name or step == other_step for step, name, other_step, other_name in pairs
        )

    def values(self, steps: Sequence[str]) -> Mapping[str, str] | None:
        """What stands for the parameters, if these are a path of this rule."""
        found = {}
        for step, own, name in zip(steps, self.steps, self.names, strict=True):
            if name is None:
                if step != own:
                    return None
            elif _ID.fullmatch(step):
                found[name] = step
            else:
                return None
        return found


class Routes:
    """`rules` are all of the app's, `wanted` the endpoints that are looked for."""

    def __init__(self, rules: Iterable[Rule], wanted: Iterable[str]) -> None:
        everything, wanted = list(rules), frozenset(wanted)
        gets = [
            one for one in everything if one.endpoint in wanted and "GET" in (one.methods or ())
        ]
        self._exact = {one.rule: one for one in gets if not one.arguments}
        self._shapes: dict[int, list[_Shape]] = {}
        shapes = [_shape_of(one) for one in everything]
        for shape in shapes:
            if shape and shape.rule in gets and shape.rule.arguments and _is_alone(shape, shapes):
                self._shapes.setdefault(len(shape.steps), []).append(shape)

    def find(self, path: str) -> Found | None:
        """The rule and its values; None when the framework's table is to be asked."""
        rule = self._exact.get(path)
        if rule is not None:
            return rule, _NO_VALUES
        steps = path.split("/")
        for shape in self._shapes.get(len(steps), ()):
            values = shape.values(steps)
            if values is not None:
                return shape.rule, values
        return None


def _shape_of(rule: Rule) -> _Shape | None:
    """None for a rule whose parameters are more than steps of any text."""
    steps = rule.rule.split("/")
    found = [_PARAMETER.fullmatch(step) for step in steps]
    if any("<" in step and not match for step, match in zip(steps, found, strict=True)):
        return None
    return _Shape(rule, steps, [match[1] if match else None for match in found])


def _is_alone(shape: _Shape, shapes: Iterable[_Shape | None]) -> bool:
    """Whether no other rule, for whatever method, can be meant by a path of this one."""
    return all(
        other is not None
        and (
            other.rule.rule == shape.rule.rule
            or len(other.steps) != len(shape.steps)
            or not shape.meets(other)
        )
        for other in shapes
    )
