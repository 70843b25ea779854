"""Compares schemas: requests must accept all old values, responses must add no new ones."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tools.openapi_rules import resolved

Json = dict[str, Any]
Side = Literal["taken", "given"]

_LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_EXACT = ("pattern", "format", "multipleOf", "uniqueItems")
_ANYTHING = "anything"


@dataclass(frozen=True, slots=True)
class Schemas:
    """Compares schemas of two documents; named ones only once for each side."""

    old: Json
    new: Json
    seen: set[tuple[str, str, Side]] = field(default_factory=set)

    def breaks(self, where: str, side: Side, old: Json, new: Json) -> Iterator[str]:
        """Yield what no longer fits. A named schema is reported under its name, not `where`."""
        if "$ref" in old and "$ref" in new:
            key = (old["$ref"], new["$ref"], side)
            if key in self.seen:
                return
            self.seen.add(key)
            where = old["$ref"].rpartition("/")[2]
        before, after = _kinds(self.old, old), _kinds(self.new, new)
        yield from _changed_kinds(where, side, before, after)
        for kind in before.keys() & after.keys():
            one, other = before[kind], after[kind]
            if "$ref" in one and "$ref" in other and (one, other) != (old, new):
                yield from self.breaks(where, side, one, other)
            else:
                yield from self._within(where, side, one, other)

    def _within(self, where: str, side: Side, old: Json, new: Json) -> Iterator[str]:
        old, new = resolved(self.old, old), resolved(self.new, new)
        yield from _changed_enum(where, side, _enum_values(old), _enum_values(new))
        yield from _changed_bounds(where, side, old, new)
        yield from self._in_fields(where, side, old, new)
        yield from self._in_rest(where, side, old, new)
        if "items" in old and "items" in new:
            yield from self.breaks(f"{where}[]", side, old["items"], new["items"])

    def _in_fields(self, where: str, side: Side, old: Json, new: Json) -> Iterator[str]:
        before, after = old.get("properties", {}), new.get("properties", {})
        must, must_now = set(old.get("required", ())), set(new.get("required", ()))
        if side == "taken":
            yield from (f"{where}.{name} must be given now" for name in sorted(must_now - must))
        for name, inner in before.items():
            if name not in after:
                gone = "is gone" if side == "given" else "is not taken any more"
                yield f"{where}.{name} {gone}"
                continue
            if side == "given" and name in must - must_now:
                yield f"{where}.{name} may be absent now"
            yield from self.breaks(f"{where}.{name}", side, inner, after[name])

    def _in_rest(self, where: str, side: Side, old: Json, new: Json) -> Iterator[str]:
        """Compare `additionalProperties`, as of a mapping."""
        before = old.get("additionalProperties", True)
        after = new.get("additionalProperties", True)
        if side == "taken" and before is not False and after is False:
            yield f"{where} takes no further fields any more"
        elif isinstance(before, dict) and isinstance(after, dict):
            yield from self.breaks(f"{where}.*", side, before, after)
        elif isinstance(before, dict) and after is True and side == "given":
            yield f"{where}.* may be {_ANYTHING} now"
        elif isinstance(after, dict) and before is True and side == "taken":
            yield f"{where}.* may not be {_ANYTHING} any more"


def _kinds(document: Json, schema: Json) -> dict[str, Json]:
    """The kinds of value that a schema admits, each with its schema."""
    kinds: dict[str, Json] = {}
    for one in _alternatives(document, schema):
        kind = _kind(resolved(document, one))
        # A second object of a union is keyed by its name.
        kinds[kind if kind not in kinds else one.get("$ref", kind)] = one
    return kinds


def _alternatives(document: Json, schema: Json) -> Iterator[Json]:
    found = resolved(document, schema)
    inner = found.get("anyOf") or found.get("oneOf")
    if inner:
        for one in inner:
            yield from _alternatives(document, one)
    elif isinstance(found.get("type"), list):
        yield from ({**found, "type": kind} for kind in found["type"])
    else:
        yield schema


def _kind(schema: Json) -> str:
    if "type" in schema:
        return str(schema["type"])
    if "const" in schema or "enum" in schema:
        return "string"
    return "object" if "properties" in schema else _ANYTHING


def _changed_kinds(
    where: str, side: Side, before: Mapping[str, Json], after: Mapping[str, Json]
) -> Iterator[str]:
    def within(kind: str, kinds: Mapping[str, Json]) -> bool:
        return kind in kinds or _ANYTHING in kinds or (kind == "integer" and "number" in kinds)

    if side == "given":
        for kind in after:
            if not within(kind, before):
                yield f"{where} may be {kind} now"
        return
    for kind in before:
        if not within(kind, after):
            yield f"{where} may not be {kind} any more"


def _enum_values(schema: Json) -> set[str] | None:
    """The values of an enumeration as JSON; None if any value is allowed."""
    only = [schema["const"]] if "const" in schema else schema.get("enum")
    return None if only is None else {json.dumps(value) for value in only}


def _changed_enum(
    where: str, side: Side, before: set[str] | None, after: set[str] | None
) -> Iterator[str]:
    wide, narrow = (after, before) if side == "given" else (before, after)
    if narrow is None:
        return
    if wide is None:
        only = f"takes only {', '.join(sorted(narrow))} now"
        yield f"{where} {'may be any word now' if side == 'given' else only}"
        return
    for word in sorted(wide - narrow):
        yield f"{where} " + (f"may be {word} now" if side == "given" else f"takes no {word} now")


def _changed_bounds(where: str, side: Side, old: Json, new: Json) -> Iterator[str]:
    wide, narrow = (new, old) if side == "given" else (old, new)
    for word in (*_LOWER, *_UPPER, *_EXACT):
        limit, given = narrow.get(word), wide.get(word)
        if limit is None or limit == given:
            continue
        looser = given is None or word in _EXACT
        looser = looser or (given < limit if word in _LOWER else given > limit)
        if looser:
            yield f"{where} has {word} {_as_json(new.get(word))} now, and had {_as_json(old.get(word))}"


def _as_json(value: object) -> str:
    return "none" if value is None else json.dumps(value)
