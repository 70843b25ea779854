"""JSON schemas of environment variables, made from the settings classes of the services."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from pydantic import BaseModel

from bff_core.settings import BreakerSettings, Operation, ServiceSettings, variable_names

Schema = dict[str, Any]

SHARED_MODELS = (Operation, BreakerSettings)
"""Models that many variables have; each of their fields is described once, under `$defs`."""
_KEPT = (
    "type",
    "enum",
    "description",
    "pattern",
    "minLength",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
)


def shared_variables() -> set[str]:
    """Variables that have the same name in every service."""
    fields = ServiceSettings.model_fields
    return {str(info.validation_alias) for info in fields.values() if info.validation_alias}


def variable_schemas(settings: type[ServiceSettings]) -> dict[str, Schema]:
    """The schema of each variable of a service, but for secrets, which are never values."""
    secret = settings.secret_names()
    schemas = {}
    for path, name in variable_names(settings).items():
        model, field = _owner(settings, path)
        if name not in secret and not _is_model(model, field):
            schemas[name] = _reference(model, field)
    return schemas


def shared_definitions() -> Iterator[tuple[str, Schema]]:
    """The fields of the shared models, by the names under which `_reference` finds them."""
    for model in SHARED_MODELS:
        for field in model.model_fields:
            yield f"{model.__name__}.{field}", field_schema(model, field)


def _owner(settings: type[BaseModel], path: str) -> tuple[type[BaseModel], str]:
    """The model that has the field at the end of a dotted path, and its name there."""
    *steps, field = path.split(".")
    model = settings
    for step in steps:
        kind = model.model_fields[step].annotation
        if not (isinstance(kind, type) and issubclass(kind, BaseModel)):
            raise TypeError(f"{path}: {step} is no model")
        model = kind
    return model, field


def _is_model(model: type[BaseModel], field: str) -> bool:
    kind = model.model_fields[field].annotation
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _reference(model: type[BaseModel], field: str) -> Schema:
    if model in SHARED_MODELS:
        return {"$ref": f"#/$defs/{model.__name__}.{field}"}
    return field_schema(model, field)


@cache
def _document(model: type[BaseModel]) -> Schema:
    return model.model_json_schema(by_alias=False)


def field_schema(model: type[BaseModel], field: str) -> Schema:
    """What the variable of a field may be; lists are written with commas between their items."""
    document = _document(model)
    given = document["properties"][field]
    description = given.get("description")
    if "anyOf" in given:
        given = next(one for one in given["anyOf"] if one.get("type") != "null")
    for part in (given, *given.get("allOf", ())):
        if "$ref" in part:
            given = document["$defs"][part["$ref"].rpartition("/")[2]]
    schema = {key: given[key] for key in _KEPT if key in given}
    if schema.get("type") == "array":
        schema = {"type": "string"}
    return schema | ({"description": description} if description else {})
