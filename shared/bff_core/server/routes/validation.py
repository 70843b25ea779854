"""Queries and bodies as models; whatever does not fit is listed, all of it, without its value."""

import re
from collections.abc import Awaitable, Callable
from functools import lru_cache, partial, wraps
from typing import Any, ParamSpec, TypeVar
from urllib.parse import parse_qsl

from pydantic import BaseModel, ValidationError
from quart import request
from quart_schema import DataSource, document_headers, document_querystring, document_request

from bff_core.errors import FieldError, UnsupportedMediaType, ValidationFailed
from bff_core.server.asked import BARE, asked

P = ParamSpec("P")
R = TypeVar("R")
View = Callable[..., Awaitable[R]]


def takes_query(model: type[BaseModel]) -> Callable[[View[R]], View[R]]:
    """Give the route `query_args`, the query string as `model`.

    Raises:
        ValidationFailed: A parameter does not fit, is unknown, or is there twice.
    """

    def decorate(view: View[R]) -> View[R]:
        read = _query_reader(model)

        @document_querystring(model)
        @wraps(view)
        async def checked(*args: Any, **kwargs: Any) -> R:
            return await view(*args, query_args=read(asked().query_string), **kwargs)

        return checked

    return decorate


def takes_body(model: type[BaseModel]) -> Callable[[View[R]], View[R]]:
    """Give the route `data`, the JSON body as `model`.

    Raises:
        UnsupportedMediaType: It is not declared as JSON.
        ValidationFailed: It is not JSON, or does not fit.
    """

    def decorate(view: View[R]) -> View[R]:
        @document_request(model, source=DataSource.JSON)
        @wraps(view)
        async def checked(*args: Any, **kwargs: Any) -> R:
            return await view(*args, data=await read_body(model), **kwargs)

        setattr(checked, BARE, False)
        return checked

    return decorate


def takes_headers(model: type[BaseModel]) -> Callable[[View[R]], View[R]]:
    """Give the route `headers`, those that the model names by alias.

    Raises:
        ValidationFailed: One does not fit, or is there twice.
    """

    def decorate(view: View[R]) -> View[R]:
        @document_headers(model)
        @wraps(view)
        async def checked(*args: Any, **kwargs: Any) -> R:
            return await view(*args, headers=read_headers(model), **kwargs)

        setattr(checked, BARE, False)
        return checked

    return decorate


M = TypeVar("M", bound=BaseModel)

_REMEMBERED = 128
_SHORT = 100
"""Bytes of a query that is worth remembering; longer ones are rarely asked twice."""
_PLAIN = re.compile(r"[A-Za-z0-9_=&,.:-]*")
_AS_WRITTEN = "werkzeug.url_quote"
_TWICE = "Give this parameter once only"
# Pydantic's own words for these quote what they complain of.
_UNQUOTED = {
    "union_tag_invalid": "Input is of no kind that is known here",
    "uuid_parsing": "Input should be a valid UUID",
}


def _query_reader(model: type[M]) -> Callable[[bytes], M]:
    """Reads queries, and remembers the last good ones: most callers ask for the first page."""
    reader = partial(read_query, model)
    if not model.model_config.get("frozen"):
        return reader
    remembering = lru_cache(maxsize=_REMEMBERED)(reader)
    return lambda query: (remembering if len(query) <= _SHORT else reader)(query)


def read_query(model: type[M], query_string: bytes) -> M:
    given = _parameters_in(query_string)
    known = _parameters(model)
    flaws = [
        FieldError(
            f"/{_escape(name)}", "There is no such parameter" if name not in known else _TWICE
        )
        for name, values in given.items()
        if name not in known or len(values) > 1
    ]
    values = {name: values[0] for name, values in given.items() if name in known}
    try:
        query = model.model_validate(values)
    except ValidationError as error:
        raise ValidationFailed([*flaws, *flaws_of(error)]) from None
    if flaws:
        raise ValidationFailed(flaws)
    return query


def _parameters_in(query_string: bytes) -> dict[str, list[str]]:
    given: dict[str, list[str]] = {}
    for name, value in _pairs_in(query_string.decode()):
        given.setdefault(name, []).append(value)
    return given


def _pairs_in(query: str) -> list[tuple[str, str]]:
    if _PLAIN.fullmatch(query):
        # Nothing in it stands for something else.
        named = [pair.partition("=") for pair in query.split("&") if pair]
        return [(name, value) for name, _, value in named]
    # Bytes that are no UTF-8 stay as they were written, as the framework has it.
    return parse_qsl(query, keep_blank_values=True, errors=_AS_WRITTEN)


def read_headers(model: type[M]) -> M:
    given = {name: request.headers.getlist(name) for name in _parameters(model)}
    twice = [
        FieldError(f"/{_escape(name)}", _TWICE) for name, values in given.items() if len(values) > 1
    ]
    if twice:
        raise ValidationFailed(twice)
    try:
        return model.model_validate({name: values[0] for name, values in given.items() if values})
    except ValidationError as error:
        raise ValidationFailed(flaws_of(error)) from None


@lru_cache(maxsize=_REMEMBERED)
def _parameters(model: type[BaseModel]) -> frozenset[str]:
    return frozenset({info.alias or name for name, info in model.model_fields.items()})


async def read_body(model: type[M]) -> M:
    if request.mimetype != "application/json":
        raise UnsupportedMediaType
    body: bytes = await request.get_data(cache=False)  # type: ignore[assignment]  # bytes unless asked for text
    return parse_body(model, body)


def parse_body(model: type[M], body: bytes) -> M:
    """JSON bytes as `model`.

    Raises:
        ValidationFailed: They are not JSON, or do not fit; each flaw is named.
    """
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        raise ValidationFailed(flaws_of(error)) from None


def flaws_of(error: ValidationError) -> list[FieldError]:
    """Pydantic's findings as pointers and messages, without the values they complain of."""
    return [
        FieldError(
            "".join(f"/{_escape(str(step))}" for step in fault["loc"]),
            _UNQUOTED.get(fault["type"], fault["msg"]),
        )
        for fault in error.errors(include_url=False, include_context=False, include_input=False)
    ]


def _escape(step: str) -> str:
    return step.replace("~", "~0").replace("/", "~1")
