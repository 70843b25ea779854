"""Rules for every OpenAPI document; each finding is a line with its remedy."""

import re
from collections.abc import Iterator
from itertools import chain
from typing import Any

from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from quart import Quart

Json = dict[str, Any]

UNDOCUMENTED = {
    "/metrics": "Prometheus' own text format",
    "/openapi.json": "the document itself",
    "/docs": "a page for people",
    "/docs/{name}": "what that page is made of",
    "/bff/v1/teacher/{path}": "the screens, each of which is listed",
    "/bff/v1/admin/{path}": "the screens, each of which is listed",
}
"""Routes that no document lists, with the reason."""

ENVELOPE = "#/components/schemas/ErrorEnvelope"
_PLACE = re.compile(r"<(?:[^<>]*:)?(\w+)>")
_OPERATION_ID = re.compile(r"[a-z]+([A-Z][a-z]+)*")
_INTERNAL_WORDS = re.compile(r"\b(?:Quart|screens? \d)")
_ERROR_STATUS = re.compile(r"[45](?:\d\d|XX)")


def findings_in(document: Json) -> Iterator[str]:
    """Yield every fault of one document."""
    for error in OpenAPIV31SpecValidator(document).iter_errors():
        where = "/".join(str(step) for step in error.absolute_path)
        yield f"not valid OpenAPI 3.1 at {where}: {error.message[:200]}"
    for tag in document.get("tags", ()):
        if found := _INTERNAL_WORDS.search(tag.get("description", "")):
            yield (
                f"tag {tag['name']} names {found[0]}, which no reader of the document knows:"
                " write the docstring of its module for them"
            )
    seen: set[str] = set()
    for name, operation in operations_in(document):
        yield from _lost_bounds(name, operation)
        for finding in _in_operation(document, operation):
            yield f"{name} {finding}"
        identity = operation.get("operationId", "")
        if not _OPERATION_ID.fullmatch(identity):
            yield f"{name} has the operationId {identity}: name it with @operation_id"
        if identity in seen:
            yield f"{name} has the operationId {identity} of another: rename its function"
        seen.add(identity)
    yield from _in_schemas(document)


def undocumented_in(app: Quart, document: Json) -> Iterator[str]:
    """Yield the routes of the app that its document lacks."""
    documented = {name for name, _ in operations_in(document)}
    for rule in app.url_map.iter_rules():
        path = _PLACE.sub(r"{\1}", rule.rule)
        for server in document.get("servers", []):
            path = path.removeprefix(server["url"].rstrip("/"))
        if path in UNDOCUMENTED:
            continue
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            if f"{method} {path}" not in documented:
                yield (
                    f"{method} {path} is in no document: take @hide off the route, or give the"
                    " reason in UNDOCUMENTED of tools/openapi_rules.py"
                )


def operations_in(document: Json) -> Iterator[tuple[str, Json]]:
    """Every operation with its method and path."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def resolved(document: Json, part: Json) -> Json:
    while "$ref" in part:
        found: Any = document
        for step in part["$ref"].removeprefix("#/").split("/"):
            found = found[step.replace("~1", "/").replace("~0", "~")]
        part = found
    return part


def _in_operation(document: Json, operation: Json) -> Iterator[str]:
    for field, remedy in (
        ("operationId", "give it a name"),
        ("summary", "write the route's docstring"),
        ("tags", "put it on a blueprint"),
    ):
        if not operation.get(field):
            yield f"has no {field}: {remedy}"
    if not any(status.startswith("2") for status in operation["responses"]):
        yield "has no success response: declare its model with @returns"
    if "500" not in operation["responses"]:
        yield "does not say how it fails: build it with build_app"
    for status, response in operation["responses"].items():
        yield from _in_response(document, status, resolved(document, response))
    yield from _in_body(document, "request", operation.get("requestBody", {}))


def _in_response(document: Json, status: str, response: Json) -> Iterator[str]:
    if "X-Correlation-ID" not in response.get("headers", {}):
        yield f"answers {status} without the header X-Correlation-ID: declare it on the response"
    if status in {"429", "503"} and "Retry-After" not in response.get("headers", {}):
        yield f"answers {status} without the header Retry-After: declare it with @error_responses"
    if _ERROR_STATUS.fullmatch(status):
        for media in response.get("content", {"": {"schema": {}}}).values():
            if media["schema"].get("$ref") != ENVELOPE:
                yield f"answers {status} outside the envelope: declare it with @error_responses"
    yield from _in_body(document, status, response)


def _in_body(document: Json, label: str, body: Json) -> Iterator[str]:
    for kind, media in body.get("content", {}).items():
        schema = media.get("schema", {})
        if kind != "application/json" or not schema:
            continue
        if not list(_examples_of(document, media)):
            yield (
                f"shows no example of its {label} body: give the model's fields `examples`, or the"
                " model one in json_schema_extra"
            )
        for example in _examples_of(document, media):
            for error in _schema_errors(document, schema, example):
                yield f"shows an example of its {label} body that is not valid: {error}"


def _examples_of(document: Json, media: Json) -> Iterator[Any]:
    if "example" in media:
        yield media["example"]
    for named in media.get("examples", {}).values():
        yield resolved(document, named)["value"]
    yield from resolved(document, media["schema"]).get("examples", [])


def _lost_bounds(name: str, operation: Json) -> Iterator[str]:
    """Pydantic writes a bound under its own name where it knows no keyword of the schema for it."""
    for parameter in operation.get("parameters", []):
        for word in {"ge", "gt", "le", "lt"} & parameter["schema"].keys():
            yield f"{name} bounds {parameter['name']} by {word}: put Field before PLAIN_DIGITS"


def _in_schemas(document: Json) -> Iterator[str]:
    for model, schema in document["components"]["schemas"].items():
        for field, inner in schema.get("properties", {}).items():
            examples = inner.get("examples", [])
            found = (_schema_errors(document, inner, example) for example in examples)
            for error in chain.from_iterable(found):
                yield f"{model}.{field} has an example that is not valid: {error}"


def _schema_errors(document: Json, schema: Json, value: Any) -> Iterator[str]:
    whole = {"components": document["components"], **schema}
    checker = Draft202012Validator.FORMAT_CHECKER
    for error in Draft202012Validator(whole, format_checker=checker).iter_errors(value):
        yield f"{error.json_path} {error.message[:160]}"
