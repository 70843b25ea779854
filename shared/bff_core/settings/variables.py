"""Settings and the environment variables that set them: which is whose, and what is wrong with it."""

from pydantic import BaseModel, ValidationError
from pydantic_settings import BaseSettings


def variable_names(settings: type[BaseSettings]) -> dict[str, str]:
    """Field name to the environment variable that sets it, nested fields included."""
    prefix = settings.model_config.get("env_prefix") or ""
    return dict(_names_in(settings, prefix.upper(), top=True))


def _names_in(
    model: type[BaseModel], prefix: str, *, top: bool, path: str = ""
) -> list[tuple[str, str]]:
    names: list[tuple[str, str]] = []
    for field, info in model.model_fields.items():
        alias = info.validation_alias if top and isinstance(info.validation_alias, str) else None
        name = alias or f"{prefix}{field.upper()}"
        names.append((f"{path}{field}", name))
        kind = info.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            names.extend(_names_in(kind, f"{name}__", top=False, path=f"{path}{field}."))
    return names


def explain(settings: type[BaseSettings], error: ValidationError) -> str:
    """One line per fault, each naming its variable and never its value."""
    return "; ".join(
        f"{variable_of(fault['loc'], settings)}: {fault['msg'].removeprefix('Value error, ')}"
        for fault in error.errors(include_url=False, include_input=False, include_context=False)
    )


def variable_of(place: tuple[str | int, ...], settings: type[BaseSettings]) -> str:
    """The environment variable behind a place in the settings, known or not."""
    first, *rest = (str(step) for step in place)
    info = settings.model_fields.get(first)
    if info is None:
        name = first
    elif isinstance(info.validation_alias, str):
        name = info.validation_alias
    else:
        name = f"{settings.model_config.get('env_prefix') or ''}{first}"
    return "__".join([name, *rest]).upper()
