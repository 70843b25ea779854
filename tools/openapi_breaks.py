"""Finds the changes between two documents that break callers. Additions break none."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tools.openapi_rules import operations_in, resolved
from tools.openapi_schemas import Schemas, Side

Json = dict[str, Any]


def breaks(old: Json, new: Json) -> list[str]:
    """One line for each promise of `old` that `new` breaks."""
    schemas = Schemas(old, new)
    now = dict(operations_in(new))
    found: list[str] = []
    for name, operation in operations_in(old):
        if name in now:
            found.extend(_OperationComparison(name, schemas).breaks(operation, now[name]))
        else:
            found.append(f"{name} is gone")
    return list(dict.fromkeys(found))


@dataclass(frozen=True, slots=True)
class _OperationComparison:
    """Compares one operation, named in every finding."""

    name: str
    schemas: Schemas

    def breaks(self, old: Json, new: Json) -> Iterator[str]:
        yield from self._in_access(old, new)
        yield from self._in_parameters(old, new)
        body, new_body = old.get("requestBody", {}), new.get("requestBody", {})
        if new_body.get("required") and not body.get("required"):
            yield f"{self.name} body must be given now"
        yield from self._in_content(f"{self.name} body", "taken", body, new_body)
        for status, response in old["responses"].items():
            if status in new["responses"]:
                yield from self._in_response(status, response, new["responses"][status])
            else:
                yield f"{self.name} does not answer {status} any more"

    def _in_access(self, old: Json, new: Json) -> Iterator[str]:
        if old["operationId"] != new["operationId"]:
            yield f"{self.name} is called {new['operationId']} now, was {old['operationId']}"
        if old.get("x-access-rule") != new.get("x-access-rule"):
            yield f"{self.name} is for {new.get('x-access-rule', 'everybody')} now"
        for scheme in old.get("security", [{}]):
            if scheme not in new.get("security", [{}]):
                credentials = " and ".join(sorted(scheme)) or "requests without credentials"
                yield f"{self.name} does not accept {credentials} any more"

    def _in_parameters(self, old: Json, new: Json) -> Iterator[str]:
        before = {(one["in"], one["name"]): one for one in old.get("parameters", ())}
        after = {(one["in"], one["name"]): one for one in new.get("parameters", ())}
        for key, one in after.items():
            if one.get("required") and not before.get(key, {}).get("required"):
                yield f"{self.name} {key[0]} parameter {key[1]} must be given now"
        for key, one in before.items():
            where = f"{self.name} {key[0]} parameter {key[1]}"
            if key in after:
                yield from self.schemas.breaks(where, "taken", one["schema"], after[key]["schema"])
            else:
                yield f"{where} is not taken any more"

    def _in_response(self, status: str, old: Json, new: Json) -> Iterator[str]:
        old, new = resolved(self.schemas.old, old), resolved(self.schemas.new, new)
        for name in old.get("headers", {}):
            if name not in new.get("headers", {}):
                yield f"{self.name} sends no {name} with {status} any more"
        yield from self._in_content(f"{self.name} answer {status}", "given", old, new)

    def _in_content(self, where: str, side: Side, old: Json, new: Json) -> Iterator[str]:
        after = new.get("content", {})
        for kind, media in old.get("content", {}).items():
            if kind not in after:
                yield f"{where} is no {kind} any more"
                continue
            before, now = media.get("schema", {}), after[kind].get("schema", {})
            yield from self.schemas.breaks(where, side, before, now)
