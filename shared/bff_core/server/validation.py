"""Decorators that read queries, headers and bodies as models, and name every field that is wrong."""

from collections.abc import Awaitable, Callable, Mapping
from functools import cache, reduce, wraps
from typing import Any, ParamSpec, TypeVar, get_origin

from pydantic import BaseModel, ValidationError
from quart import request
from quart_schema import DataSource, document_headers, document_querystring, document_request
from werkzeug.datastructures import MultiDict

from bff_core.errors import (
    MAX_LISTED_ERRORS,
    FieldError,
    UnsupportedMediaType,
    ValidationFailed,
    unsupported_encoding,
)
from bff_core.json_values import check_json, json_pointer
from bff_core.server.routes import current_request, needs_quart

P = ParamSpec("P")
R = TypeVar("R")
View = Callable[..., Awaitable[R]]


def takes_query(model: type[BaseModel]) -> Callable[[View[R]], View[R]]:
    """Give the route `query_args`, the query string as `model`.

    Raises:
        ValidationFailed: A parameter does not fit, is unknown, or is there twice but no tuple.
    """

    def decorate(view: View[R]) -> View[R]:
        @document_querystring(model)
        @wraps(view)
        async def checked(*args: Any, **kwargs: Any) -> R:
            return await view(*args, query_args=read_query(model, current_request().args), **kwargs)

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
            return await view(*args, data=parse_body(model, await read_json()), **kwargs)

        return needs_quart(checked)

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
            return await view(*args, headers=_read_headers(model), **kwargs)

        return needs_quart(checked)

    return decorate


M = TypeVar("M", bound=BaseModel)

_REPEATED = "Give this parameter once only"
# Pydantic's own messages for these quote the input.
_MESSAGES_WITHOUT_INPUT = {
    "union_tag_invalid": "Input is of no kind that is known here",
    "uuid_parsing": "Input should be a valid UUID",
}


def read_query(model: type[M], query: MultiDict[str, str]) -> M:
    known = _parameters(model)
    given: dict[str, str | list[str]] = {}
    flaws: list[FieldError] = []
    for name, values in query.lists():
        if name not in known:
            flaws.append(FieldError(json_pointer("", name), "There is no such parameter"))
            continue
        if len(values) > 1 and not known[name]:
            flaws.append(FieldError(json_pointer("", name), _REPEATED))
        given[name] = values if known[name] else values[0]
    try:
        result = model.model_validate(given)
    except ValidationError as error:
        count = len(flaws) + error.error_count()
        raise ValidationFailed([*flaws, *field_errors(error)], count=count) from None
    if flaws:
        raise ValidationFailed(flaws)
    return result


def _read_headers(model: type[M]) -> M:
    given = {name: request.headers.getlist(name) for name in _parameters(model)}
    twice = [json_pointer("", name) for name, values in given.items() if len(values) > 1]
    if twice:
        raise ValidationFailed(FieldError(pointer, _REPEATED) for pointer in twice)
    return read_query(model, MultiDict(given))


@cache
def _parameters(model: type[BaseModel]) -> Mapping[str, bool]:
    """By name, True for those that hold several values, each sent as one of its own."""
    return {
        info.alias or name: get_origin(info.annotation) is tuple
        for name, info in model.model_fields.items()
    }


async def read_json() -> bytes:
    """The body of the current request, which is declared as JSON.

    Raises:
        UnsupportedMediaType: It is declared as something else, or as encoded.
    """
    if request.mimetype != "application/json":
        raise UnsupportedMediaType
    if request.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise unsupported_encoding()
    body: bytes = await request.get_data(cache=False)  # type: ignore[assignment]  # bytes unless asked for text
    return body


def parse_body(model: type[M], body: bytes) -> M:
    """JSON bytes as `model`.

    Raises:
        ValidationFailed: They are not JSON, or do not fit; the first flaws are named.
    """
    check_json(body)
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        raise ValidationFailed(field_errors(error), count=error.error_count()) from None


def field_errors(error: ValidationError) -> list[FieldError]:
    """Pydantic's first findings as pointers and messages, without the values they complain of."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return [
        FieldError(
            reduce(json_pointer, fault["loc"], ""),
            _MESSAGES_WITHOUT_INPUT.get(fault["type"], fault["msg"]),
        )
        for fault in found[:MAX_LISTED_ERRORS]
    ]
