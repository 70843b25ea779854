"""Tables of every setting of every service, read from the settings classes."""

import importlib
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from bff_core.settings import BreakerSettings, Downstream, Operation, ServiceSettings
from tools.markdown import table

SERVICES = {
    "gateway": "Gateway",
    "bff_teacher": "Teacher BFF",
    "bff_admin": "Admin BFF",
    "config_service": "Config service",
    "identity_admin": "Identity admin (inside Identity)",
}
HEAD = ("Variable", "Type", "Default", "Meaning")
_OPERATION_HEAD = (
    "`BUDGET`",
    "`ATTEMPTS`",
    "`MAX_AGE` / `STALE_WHILE_REVALIDATE` / `STALE_IF_ERROR`",
    "`IN_FLIGHT`",
)
_TYPES: Mapping[type, str] = {
    bool: "true or false",
    int: "whole number",
    float: "number",
    str: "text",
    SecretStr: "secret",
    Path: "path",
}


class UndescribedSettingError(LookupError):
    """A setting has no description."""


def settings_of(service: str) -> type[ServiceSettings]:
    # By name, because only a service may import its own settings.
    kind: type[ServiceSettings] = importlib.import_module(f"services.{service}.config").Settings
    return kind


def tables() -> str:
    """All tables as Markdown.

    Raises:
        UndescribedSettingError: A setting has no description; names it.
    """
    parts = ["### Every service\n", table(HEAD, _rows(ServiceSettings, "<PREFIX>_"))]
    for service, title in SERVICES.items():
        settings = settings_of(service)
        prefix = settings.model_config.get("env_prefix") or ""
        parts += [f"\n### {title}: `{prefix}`\n", table(HEAD, _own_rows(settings, prefix))]
        operations = list(_operation_rows(settings, prefix))
        if operations:
            parts += ["", table(("Operation", *_OPERATION_HEAD), operations)]
    shared = (*_rows(BreakerSettings, "…__BREAKER__"), *_rows(Operation, "…__<OPERATION>__"))
    parts += ["\n### Every service that is asked\n", table(HEAD, (*_asked_rows(), *shared))]
    return "\n".join(parts)


def _own_rows(settings: type[ServiceSettings], prefix: str) -> Iterator[tuple[str, ...]]:
    """The settings that a service adds, or gives another default."""
    aliases: dict[str, list[str]] = {}
    for alias, name in settings.aliases.items():
        aliases.setdefault(name, []).append(alias)
    for name, info in settings.model_fields.items():
        base = ServiceSettings.model_fields.get(name)
        if base is not None and base.default == info.default:
            continue
        if isinstance(info.default, BaseModel):
            nested = f"{prefix}{name.upper()}__"
            yield from _nested_rows(info.default, nested, aliases)
        else:
            yield _row(settings, name, info, prefix, aliases)


def _nested_rows(
    value: BaseModel, prefix: str, aliases: Mapping[str, list[str]]
) -> Iterator[tuple[str, ...]]:
    """The settings of one downstream, without those that all downstreams share."""
    kind = type(value)
    for name, info in kind.model_fields.items():
        common = name in Downstream.model_fields and issubclass(kind, Downstream) and name != "url"
        if not common and not isinstance(info.default, BaseModel):
            yield _row(kind, name, info, prefix, aliases)


def _operation_rows(settings: type[ServiceSettings], prefix: str) -> Iterator[tuple[str, ...]]:
    for name, info in settings.model_fields.items():
        if not isinstance(info.default, Downstream):
            continue
        for operation, rule in info.default.operations.items():
            kept = f"{rule.max_age:g} / {rule.stale_while_revalidate:g} / {rule.stale_if_error:g}"
            variable = f"`{prefix}{name.upper()}__{operation.upper()}`"
            yield (variable, f"{rule.budget:g}", str(rule.attempts), kept, str(rule.in_flight))


def _asked_rows() -> Iterator[tuple[str, ...]]:
    for name in ("name", "retry_share"):
        info = Downstream.model_fields[name]
        yield _row(Downstream, name, info, "…__", {})


def _rows(kind: type[BaseModel], prefix: str) -> Iterable[tuple[str, ...]]:
    return [_row(kind, name, info, prefix, {}) for name, info in kind.model_fields.items()]


def _row(
    kind: type[BaseModel],
    name: str,
    info: FieldInfo,
    prefix: str,
    aliases: Mapping[str, list[str]],
) -> tuple[str, ...]:
    given = info.validation_alias
    variable = given if isinstance(given, str) else f"{prefix}{name.upper()}"
    also = "".join(f", `{alias}`" for alias in sorted(aliases.get(variable, [])))
    return (f"`{variable}`{also}", _type(info.annotation), _default(info), _meaning(kind, name))


def _meaning(kind: type[BaseModel], name: str) -> str:
    """The description of the field, from its class or a base class."""
    for base in kind.__mro__:
        fields: Mapping[str, FieldInfo] = base.__dict__.get("__pydantic_fields__", {})
        if name in fields and fields[name].description:
            return str(fields[name].description)
    raise UndescribedSettingError(
        f"{kind.__module__}.{kind.__name__}.{name} has no description: "
        'write Field(..., description="Seconds that …")'
    )


def _type(annotation: Any) -> str:
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _type(inner[0])
    if origin in {Union, UnionType}:
        return _type(next(one for one in inner if one is not NoneType))
    if origin is Literal:
        return " or ".join(f"`{one}`" for one in inner)
    if origin in {tuple, frozenset}:
        return "numbers between commas" if float in inner else "names between commas"
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return ", ".join(f"`{one.value}`" for one in annotation)
    return _TYPES[annotation]


def _default(info: FieldInfo) -> str:
    value = info.default
    if info.is_required():
        return "required"
    if value is None or value == "" or value in ((), frozenset()):
        return "unset"
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, bool):
        value = str(value).lower()
    if isinstance(value, frozenset):
        value = sorted(value)
    if isinstance(value, list | tuple):
        value = ",".join(f"{one:g}" if isinstance(one, float) else str(one) for one in value)
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"
