"""Loads and checks namespace files; an invalid file stops the service before it starts."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.exceptions import PointerToNowhere, Unresolvable, Unretrievable
from referencing.jsonschema import DRAFT202012

from bff_core.json_values import json_pointer, non_finite_numbers
from bff_core.settings import SettingsError
from services.config_service.namespaces.bounds import BoundedValidator, unbounded_keywords
from services.config_service.namespaces.namespace import Namespace, Namespaces, validation_errors

_SINGLE = frozenset(
    {
        "additionalProperties",
        "contains",
        "contentSchema",
        "else",
        "if",
        "items",
        "not",
        "propertyNames",
        "then",
        "unevaluatedItems",
        "unevaluatedProperties",
    }
)
_BY_NAME = frozenset({"$defs", "dependentSchemas", "patternProperties", "properties"})
_LISTS = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})

SHIPPED = Path(__file__).parent
DIALECT = "https://json-schema.org/draft/2020-12/schema"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_META_VALIDATOR = Draft202012Validator(
    Draft202012Validator.META_SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER
)


def subschemas(schema: Any, pointer: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Pointer and schema, the outermost first; the schemas `true` and `false` are left out."""
    if not isinstance(schema, dict):
        return
    yield pointer, schema
    for keyword, rule in schema.items():
        inner = json_pointer(pointer, keyword)
        if keyword in _SINGLE:
            yield from subschemas(rule, inner)
        elif keyword in _BY_NAME:
            for name, part in rule.items():
                yield from subschemas(part, json_pointer(inner, name))
        elif keyword in _LISTS:
            for index, part in enumerate(rule):
                yield from subschemas(part, json_pointer(inner, index))


def load_namespaces(*folders: Path) -> Namespaces:
    """Load every `NAME.json` of the folders.

    Raises:
        SettingsError: A file does not define a namespace; the text has file, pointer and problem.
    """
    found: dict[str, Namespace] = {}
    for folder in folders:
        if not folder.is_dir():
            raise SettingsError(f"{folder} is not a folder of namespace files")
        for path in sorted(folder.glob("*.json")):
            if path.stem in found:
                _refuse(path, "", "another file defines this namespace already")
            found[path.stem] = _load(path)
    return Namespaces(sorted(found.items()))


def _load(path: Path) -> Namespace:
    if not _NAME.fullmatch(path.stem):
        _refuse(path, "", "a namespace's name has small letters, digits and _ only")
    schema = _read_json(path)
    _check_schema(path, schema)
    registry: Registry[Any] = Registry().with_resource("", _resource(schema))
    _check_references(path, schema, registry)
    for pointer, part in subschemas(schema):
        for keyword, problem in unbounded_keywords(part):
            _refuse(path, json_pointer(pointer, keyword), problem)
    namespace = Namespace(
        name=path.stem,
        title=schema["title"],
        description=schema["description"],
        schema=schema,
        validator=_validator(schema, registry),
    )
    _check_defaults(path, namespace, registry)
    return namespace


def _resource(schema: Any) -> Resource[Any]:
    return Resource.from_contents(schema, default_specification=DRAFT202012)


def _validator(schema: Any, registry: Registry[Any]) -> Any:
    return BoundedValidator(
        schema, registry=registry, format_checker=Draft202012Validator.FORMAT_CHECKER
    )


def _read_json(path: Path) -> Any:
    def unique_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        for name, count in Counter(name for name, _ in pairs).items():
            if count > 1:
                raise ValueError(f"the name {name!r} is there twice in one object")
        return dict(pairs)

    try:
        return json.loads(path.read_text("utf-8"), object_pairs_hook=unique_names)
    except json.JSONDecodeError as error:
        _refuse(path, "", f"is not JSON: {error.msg} at line {error.lineno}", error)
    except (OSError, ValueError, RecursionError) as error:
        _refuse(path, "", f"cannot be read: {error}", error)


def _check_schema(path: Path, schema: Any) -> None:
    for error in validation_errors(_META_VALIDATOR, schema):
        _refuse(path, error.pointer, f"is not JSON Schema 2020-12: {error.message}")
    for error in non_finite_numbers(schema):
        _refuse(path, error.pointer, error.message)
    if not isinstance(schema, dict) or schema.get("type") != "object":
        _refuse(path, "/type", 'must be "object"')
    if schema.get("$schema", DIALECT) != DIALECT:
        _refuse(path, "/$schema", f"must be {DIALECT}")
    for name in ("title", "description"):
        if not schema.get(name):
            _refuse(path, f"/{name}", "is required")


def _check_references(path: Path, schema: Any, registry: Registry[Any]) -> None:
    """Every reference must resolve within the file; nothing is fetched."""
    resolver = registry.resolver_with_root(_resource(schema))
    for pointer, part in subschemas(schema):
        if pointer and "$id" in part:
            _refuse(path, json_pointer(pointer, "$id"), "only the file itself may have an id")
        for keyword in sorted({"$ref", "$dynamicRef"} & part.keys()):
            try:
                resolver.lookup(part[keyword])
            except (Unresolvable, Unretrievable, PointerToNowhere) as error:
                place = json_pointer(pointer, keyword)
                _refuse(path, place, f"refers to nothing: {part[keyword]}", error)


def _check_defaults(path: Path, namespace: Namespace, registry: Registry[Any]) -> None:
    """Every default must be valid by itself, and all of them together."""
    resolver = registry.resolver_with_root(_resource(namespace.schema))
    for pointer, part in subschemas(namespace.schema):
        if "default" not in part:
            continue
        if not pointer:
            _refuse(path, "/default", "defaults stand at the properties, not at the whole")
        rule = _validator(part, registry).evolve(_resolver=resolver)
        for error in validation_errors(rule, part["default"]):
            _refuse(path, f"{json_pointer(pointer, 'default')}{error.pointer}", error.message)
    for error in namespace.errors(namespace.defaults):
        _refuse(path, "", f"the defaults fail the schema: {error.pointer} {error.message}")


def _refuse(path: Path, pointer: str, problem: str, cause: Exception | None = None) -> NoReturn:
    raise SettingsError(f"{path}#{pointer}: {problem}") from cause
