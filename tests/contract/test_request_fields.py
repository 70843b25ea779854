"""Fields of the same kind take the same values in every request of every service."""

import importlib
import pkgutil
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from tools.openapi_export import SERVICES

TEXTS = {"reason", "note", "title", "q", "org", "first_name", "last_name", "organization_name"}
NUMBERS = {"limit", "offset", "before", "cursor"}
"""Of a query string; a cursor may be a text."""


def modules() -> Iterator[ModuleType]:
    for service in SERVICES:
        dto = importlib.import_module(f"services.{service}.dto")
        yield dto
        for found in pkgutil.iter_modules(getattr(dto, "__path__", ()), f"{dto.__name__}."):
            yield importlib.import_module(found.name)


def models() -> Iterator[type[BaseModel]]:
    """The models of queries, and of bodies: those that refuse unknown fields."""
    for module in modules():
        for one in vars(module).values():
            is_own = isinstance(one, type) and one.__module__ == module.__name__
            if is_own and issubclass(one, BaseModel) and _is_request(one):
                yield one


def _is_request(model: type[BaseModel]) -> bool:
    return model.model_config.get("extra") == "forbid" or model.__name__.endswith("Query")


def accepting(names: set[str], value: Any, *, numbers: bool = False) -> tuple[set[str], set[str]]:
    """All fields of these names, and those that take the value; `numbers` leaves texts out."""
    every, taking = set(), set()
    for model in models():
        for name in names & set(model.model_fields):
            if numbers and "int" not in str(model.model_fields[name].annotation):
                continue
            field = f"{model.__module__}.{model.__name__}.{name}"
            every.add(field)
            try:
                model.model_validate({name: value})
                refused: set[Any] = set()
            except ValidationError as error:
                refused = {one["loc"][0] for one in error.errors() if one["loc"]}
            if name not in refused:
                taking.add(field)
    return every, taking


@pytest.mark.parametrize("control", ["\x00", "\x85", "\u2028", "\u2029", "\u202e", "\u2066"])
def test_no_text_takes_what_breaks_or_turns_a_line(control: str) -> None:
    every, taking = accepting(TEXTS, f"a{control}b")

    assert len(every) >= 15
    assert taking == set()


@pytest.mark.parametrize("text", ["5_0", "+5", " 5", "\u0665", "5.0"])
def test_no_number_of_a_query_takes_more_than_digits(text: str) -> None:
    every, taking = accepting(NUMBERS, text, numbers=True)

    assert len(every) >= 9
    assert taking == set()
