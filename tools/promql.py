"""What a PromQL query asks for: the series it names, and the labels by which it picks and joins."""

import re
from dataclasses import dataclass, field

import promql_parser as promql

_NAMES = re.compile(r"\((?P<prefixes>[a-z_|]+)\)(?P<rest>[a-z_]+)")


class UnreadableQueryError(ValueError):
    """A query that Prometheus would refuse, or whose metrics cannot be told."""


@dataclass(slots=True)
class Asked:
    """What a query names. `picked` maps a series to the labels in its braces."""

    picked: dict[str, set[str]] = field(default_factory=dict)
    grouped: set[str] = field(default_factory=set)
    """Labels of `by`, `on` and the like: one of the query's series must have each."""


def asked_by(query: str) -> Asked:
    """Read a query.

    Raises:
        UnreadableQueryError: It does not parse, or hides its metrics behind a pattern that is not
            `(one|other)_rest`.
    """
    try:
        tree = promql.parse(query)
    except ValueError as error:
        raise UnreadableQueryError(str(error)) from error
    asked = Asked()
    promql.walk(tree, lambda node: _note(node, asked))
    return asked


def _note(node: promql.Expr, asked: Asked) -> None:
    if isinstance(node, promql.MatrixSelector):
        _note(node.vector_selector, asked)
    elif isinstance(node, promql.VectorSelector):
        _note_selector(node, asked)
    elif isinstance(node, promql.AggregateExpr | promql.BinaryExpr):
        asked.grouped |= set(_labels_of(node))


def _note_selector(node: promql.VectorSelector, asked: Asked) -> None:
    matchers = list(node.matchers.matchers)
    labels = {one.name for one in matchers if one.name != "__name__"}
    patterns = [one.value for one in matchers if one.name == "__name__"]
    names = [node.name] if node.name else [name for one in patterns for name in _expanded(one)]
    if not names:
        raise UnreadableQueryError("a selector names no metric")
    for name in names:
        asked.picked.setdefault(name, set()).update(labels)


def _labels_of(node: promql.AggregateExpr | promql.BinaryExpr) -> list[str]:
    modifier = node.modifier
    if isinstance(modifier, promql.BinModifier):
        matching = modifier.matching
        return list(matching.labels) if matching else []
    return list(modifier.labels) if modifier else []


def _expanded(pattern: str) -> list[str]:
    """The names that `(one|other)_rest` stands for; every one of them must exist."""
    found = _NAMES.fullmatch(pattern)
    if found is None:
        raise UnreadableQueryError(
            f"write {pattern} as (one|other)_rest, so that it can be checked"
        )
    return [f"{prefix}{found['rest']}" for prefix in found["prefixes"].split("|")]
