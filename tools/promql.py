"""Reads the series and labels that a PromQL query names."""

import re
from dataclasses import dataclass, field

import promql_parser as promql

_NAMES = re.compile(r"\((?P<prefixes>[a-z_|]+)\)(?P<rest>[a-z_]+)")


class UnreadableQueryError(ValueError):
    """A query that does not parse, or whose metrics cannot be read from its text."""


@dataclass(slots=True)
class QueryNames:
    """Names in a query. `selected` maps a series to the labels in its braces."""

    selected: dict[str, set[str]] = field(default_factory=dict)
    grouped: set[str] = field(default_factory=set)
    """Labels of `by`, `on` and the like. At least one of the series must have each."""


def names_in(query: str) -> QueryNames:
    """Read a query.

    Raises:
        UnreadableQueryError: It does not parse, or hides its metrics behind a pattern that is not
            `(one|other)_rest`.
    """
    try:
        tree = promql.parse(query)
    except ValueError as error:
        raise UnreadableQueryError(str(error)) from error
    names = QueryNames()
    promql.walk(tree, lambda node: _collect(node, names))
    return names


def _collect(node: promql.Expr, names: QueryNames) -> None:
    if isinstance(node, promql.MatrixSelector):
        _collect(node.vector_selector, names)
    elif isinstance(node, promql.VectorSelector):
        _collect_selector(node, names)
    elif isinstance(node, promql.AggregateExpr | promql.BinaryExpr):
        names.grouped |= set(_labels_of(node))


def _collect_selector(node: promql.VectorSelector, found: QueryNames) -> None:
    matchers = list(node.matchers.matchers)
    labels = {one.name for one in matchers if one.name != "__name__"}
    patterns = [one.value for one in matchers if one.name == "__name__"]
    names = [node.name] if node.name else [name for one in patterns for name in _expanded(one)]
    if not names:
        raise UnreadableQueryError("a selector names no metric")
    for name in names:
        found.selected.setdefault(name, set()).update(labels)


def _labels_of(node: promql.AggregateExpr | promql.BinaryExpr) -> list[str]:
    modifier = node.modifier
    if isinstance(modifier, promql.BinModifier):
        matching = modifier.matching
        return list(matching.labels) if matching else []
    return list(modifier.labels) if modifier else []


def _expanded(pattern: str) -> list[str]:
    """The metric names that a pattern `(one|other)_rest` matches."""
    found = _NAMES.fullmatch(pattern)
    if found is None:
        raise UnreadableQueryError(
            f"write {pattern} as (one|other)_rest, so that it can be checked"
        )
    return [f"{prefix}{found['rest']}" for prefix in found["prefixes"].split("|")]
