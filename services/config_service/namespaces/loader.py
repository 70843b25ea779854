"""Reading namespace files; one that cannot be relied on stops the service before it starts."""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NoReturn

from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.exceptions import PointerToNowhere, Unresolvable, Unretrievable
from referencing.jsonschema import DRAFT202012

from bff_core.json_values import json_pointer
from bff_core.settings import SettingsError
from services.config_service.namespaces.namespace import Namespace, Namespaces
from services.config_service.namespaces.subschemas import subschemas
from services.config_service.namespaces.validation import flaws_in
from services.config_service.values import unwritable

SHIPPED = Path(__file__).parent
DIALECT = "https://json-schema.org/draft/2020-12/schema"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_META = Draft202012Validator(
    Draft202012Validator.META_SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER
)


def load_namespaces(*folders: Path) -> Namespaces:
    """Every `NAME.json` of the folders.

    Raises:
        SettingsError: A file does not define a namespace; names the file, the pointer and why.
    """
    found: dict[str, Namespace] = {}
    for folder in folders:
        for path in _files_of(folder):
            if path.stem in found:
                _refuse(path, "", "another file defines this namespace already")
            found[path.stem] = _load(path)
    return Namespaces(*found.values())


def _files_of(folder: Path) -> Iterable[Path]:
    if not folder.is_dir():
        raise SettingsError(f"{folder} is not a folder of namespace files")
    return sorted(folder.glob("*.json"))


def _load(path: Path) -> Namespace:
    if not _NAME.fullmatch(path.stem):
        _refuse(path, "", "a namespace's name has small letters, digits and _ only")
    schema = _read(path)
    _require_schema(path, schema)
    registry: Registry[Any] = Registry().with_resource("", _resource(schema))
    _require_references(path, schema, registry)
    namespace = Namespace(
        name=path.stem,
        title=schema["title"],
        description=schema["description"],
        schema=schema,
        validator=_validator(schema, registry),
    )
    _require_defaults(path, namespace, registry)
    return namespace


def _resource(schema: Any) -> Resource[Any]:
    return Resource.from_contents(schema, default_specification=DRAFT202012)


def _validator(schema: Any, registry: Registry[Any]) -> Draft202012Validator:
    return Draft202012Validator(
        schema, registry=registry, format_checker=Draft202012Validator.FORMAT_CHECKER
    )


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8"), object_pairs_hook=_without_doubles)
    except json.JSONDecodeError as error:
        _refuse(path, "", f"is not JSON: {error.msg} at line {error.lineno}", error)
    except (OSError, ValueError, RecursionError) as error:
        _refuse(path, "", f"cannot be read: {error}", error)


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        double = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the name {double!r} is there twice in one object")
    return dict(pairs)


def _require_schema(path: Path, schema: Any) -> None:
    for flaw in flaws_in(_META, schema):
        _refuse(path, flaw.pointer, f"is not JSON Schema 2020-12: {flaw.message}")
    for flaw in unwritable(schema):
        _refuse(path, flaw.pointer, flaw.message)
    if not isinstance(schema, dict) or schema.get("type") != "object":
        _refuse(path, "/type", 'must be "object"')
    if schema.get("$schema", DIALECT) != DIALECT:
        _refuse(path, "/$schema", f"must be {DIALECT}")
    for name in ("title", "description"):
        if not schema.get(name):
            _refuse(path, f"/{name}", "is required")


def _require_references(path: Path, schema: Any, registry: Registry[Any]) -> None:
    """Nothing is fetched: a reference leads into the same file, or nowhere."""
    resolver = registry.resolver_with_root(_resource(schema))
    for where, part in subschemas(schema):
        if where and "$id" in part:
            _refuse(path, json_pointer(where, "$id"), "only the file itself may have an id")
        for keyword in ("$ref", "$dynamicRef"):
            if keyword not in part:
                continue
            try:
                resolver.lookup(part[keyword])
            except (Unresolvable, Unretrievable, PointerToNowhere) as error:
                where_it_is = json_pointer(where, keyword)
                _refuse(path, where_it_is, f"refers to nothing: {part[keyword]}", error)


def _require_defaults(path: Path, namespace: Namespace, registry: Registry[Any]) -> None:
    resolver = registry.resolver_with_root(_resource(namespace.schema))
    for where, part in subschemas(namespace.schema):
        if "default" not in part:
            continue
        if not where:
            _refuse(path, "/default", "defaults stand at the properties, not at the whole")
        rule = _validator(part, registry).evolve(_resolver=resolver)
        for flaw in flaws_in(rule, part["default"]):
            _refuse(path, f"{json_pointer(where, 'default')}{flaw.pointer}", flaw.message)
    for flaw in namespace.flaws(namespace.defaults):
        _refuse(path, "", f"the defaults fail the schema: {flaw.pointer} {flaw.message}")


def _refuse(path: Path, where: str, problem: str, cause: Exception | None = None) -> NoReturn:
    raise SettingsError(f"{path}#{where}: {problem}") from cause
