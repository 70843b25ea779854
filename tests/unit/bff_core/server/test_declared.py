"""What a route says beside its models is in the document, and no more than it says."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import BaseModel, Field
from quart import Blueprint, Quart, Response

from bff_core.errors import Conflict, RateLimited
from bff_core.server import (
    PUBLIC,
    ExtraResponse,
    Link,
    access,
    document_of,
    error_responses,
    extra_responses,
    openapi_links,
    operation_id,
    optional_body,
    path_parameters,
    response_headers,
    returns,
    takes_body,
)
from bff_core.server.openapi.declarations import NoExampleError, example_of
from tests.unit.bff_core.server.conftest import MakeApp
from tools.openapi_rules import findings_in, resolved


class WordV1(BaseModel):
    """A word."""

    word: str = Field(examples=["hej"])


def words() -> Blueprint:
    blueprint = Blueprint("words", __name__)

    @blueprint.post("/words/<word_id>")
    @operation_id("sayWord")
    @access(PUBLIC)
    @error_responses(Conflict)
    @error_responses(RateLimited)
    @response_headers("Idempotent-Replay")
    @path_parameters(word_id={"format": "uuid"})
    @openapi_links(Link("words.stream", {"word_id": "/word"}))
    @optional_body
    @takes_body(WordV1)
    @returns(WordV1)
    async def say(word_id: str, data: WordV1) -> WordV1:
        """Say a word."""
        return data

    @blueprint.get("/words/<word_id>/stream")
    @operation_id("streamWords")
    @access(PUBLIC)
    @extra_responses(
        ExtraResponse("200", "Words, as they come", {"text/event-stream": {"type": "string"}})
    )
    async def stream(word_id: str) -> AsyncIterator[bytes]:
        """Words as they come."""
        return Response(word_id)  # type: ignore[return-value]

    return blueprint


@pytest.fixture
def app(make_app: MakeApp) -> Quart:
    return make_app(words())


@pytest.fixture
async def document(app: Quart) -> dict[str, Any]:
    return document_of(app)


def test_refusals_of_two_declarations_add_up(document: dict[str, Any]) -> None:
    said = document["paths"]["/words/{word_id}"]["post"]["responses"]

    assert {"409", "429"} <= set(said)
    assert "Retry-After" in resolved(document, said["429"])["headers"]
    shown_as = resolved(document, said["409"])["content"]["application/json"]["examples"]
    assert resolved(document, shown_as["CONFLICT"])["value"]["error"]["code"] == "CONFLICT"


def test_headers_places_links_and_the_body_are_as_declared(document: dict[str, Any]) -> None:
    said = document["paths"]["/words/{word_id}"]["post"]

    answer = said["responses"]["200"]
    assert set(answer["headers"]) == {"X-Correlation-ID", "Idempotent-Replay"}
    assert answer["links"]["stream"]["operationId"] == "streamWords"
    assert answer["links"]["stream"]["parameters"] == {"word_id": "$response.body#/word"}
    assert answer["content"]["application/json"]["example"] == {"word": "hej"}
    assert said["parameters"][0]["schema"]["format"] == "uuid"
    assert said["requestBody"]["required"] is False


def test_stream_is_told_by_its_media_type_and_passes_the_check(document: dict[str, Any]) -> None:
    answer = document["paths"]["/words/{word_id}/stream"]["get"]["responses"]["200"]

    assert answer["content"] == {"text/event-stream": {"schema": {"type": "string"}}}
    assert [line for line in findings_in(document) if "stream" in line] == []


def test_header_that_nobody_knows_cannot_be_declared() -> None:
    with pytest.raises(KeyError):
        response_headers("X-Unheard-Of")


def test_string_without_an_example_shows_nothing() -> None:
    schema = {"properties": {"word": {"type": "string"}}, "required": ["word"]}

    with pytest.raises(NoExampleError):
        example_of(schema, {})


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"examples": ["a"], "enum": ["b"]}, "a"),
        ({"const": "c"}, "c"),
        ({"enum": ["d", "e"]}, "d"),
        ({"type": "array", "items": {"type": "boolean"}}, [True]),
        ({"type": "integer", "minimum": 5}, 5),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, None),
        (
            {"properties": {"a": {"type": "boolean"}, "b": {"type": "string"}}, "required": ["a"]},
            {"a": True},
        ),
    ],
)
def test_value_is_shown_from_what_the_schema_says(schema: dict[str, Any], value: object) -> None:
    assert example_of(schema, {}) == value
