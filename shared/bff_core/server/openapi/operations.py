"""Completes the OpenAPI document: ids, tags, access rules, all responses with their headers."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from inspect import getdoc
from sys import modules
from typing import Any

from pydantic import BaseModel
from quart import Quart
from quart_schema import QuartSchema
from quart_schema.openapi import OpenAPIProvider
from werkzeug.routing import BaseConverter, IntegerConverter
from werkzeug.routing.rules import Rule

from bff_core.errors import (
    BffError,
    CircuitOpen,
    DownstreamFailed,
    DownstreamTimeout,
    DownstreamUnreachable,
    InvalidRequest,
    NotAuthenticated,
    NotAuthorized,
    PayloadTooLarge,
    RateLimited,
    Unavailable,
    Unexpected,
    UnsupportedMediaType,
    ValidationFailed,
)
from bff_core.server.asgi import OPERATOR_PATHS
from bff_core.server.errors import ErrorEnvelopeV1
from bff_core.server.guard import KEY_HEADER, PUBLIC, SERVICE, SERVICE_HEADER, ServiceKeys, rule_of
from bff_core.server.openapi.declarations import (
    HEADERS,
    NoExampleError,
    declaration_of,
    error_example,
    example_of,
    files_body,
)
from bff_core.server.routes import ETAGGED

Json = dict[str, Any]
ErrorTypes = tuple[type[BffError], ...]

_PATH_PARAMETER = re.compile(r"<(?:\w+(?:\([^)]*\))?:)?(\w+)>")
_PREFIX_NUMBER = re.compile(r"_\d+$")
_BEARER: Json = {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
_SERVICE_KEYS: Json = {
    "serviceKey": {"type": "apiKey", "in": "header", "name": KEY_HEADER},
    "serviceId": {"type": "apiKey", "in": "header", "name": SERVICE_HEADER},
}
_LICENSE: Json = {"name": "Apache-2.0", "identifier": "Apache-2.0"}
_AS_SERVICE: dict[str, list[str]] = {"serviceKey": [], "serviceId": []}
_AS_USER: dict[str, list[str]] = {"bearer": []}
_BODY_ERRORS: ErrorTypes = (ValidationFailed, PayloadTooLarge, UnsupportedMediaType)
# A repeated identity header is a bad request, whatever the route takes.
_USER_ERRORS: ErrorTypes = (
    InvalidRequest,
    NotAuthenticated,
    NotAuthorized,
    RateLimited,
    DownstreamFailed,
    DownstreamUnreachable,
    CircuitOpen,
    DownstreamTimeout,
)
_ERROR_HEADERS: Mapping[int, tuple[str, ...]] = {
    401: ("WWW-Authenticate",),
    412: ("ETag",),
    429: ("Retry-After",),
    503: ("Retry-After",),
}


class Provider(OpenAPIProvider):
    """The library's document, completed with the parts that all operations share."""

    def __init__(self, app: Quart, extension: QuartSchema) -> None:
        super().__init__(app, extension)
        self._error_responses: Json = {}
        self._error_examples: Json = {}

    def schema(self) -> Json:
        document = super().schema()
        requires_keys = self._app.extensions[ServiceKeys.REQUIRED]
        document["components"] |= {
            "headers": dict(HEADERS),
            "securitySchemes": _BEARER | (_SERVICE_KEYS if requires_keys else {}),
            "responses": self._error_responses,
            "examples": self._error_examples,
        }
        document["tags"] = self._tags()
        document["info"]["license"] = _LICENSE
        return document

    def generate_rules(self) -> Iterable[Rule]:
        """Each route once; its other prefixes are servers of the document."""
        rules = [
            rule
            for rule in super().generate_rules()
            if not _PREFIX_NUMBER.search(rule.endpoint.rpartition(".")[0])
        ]
        return sorted(rules, key=lambda rule: rule.rule)

    def build_paths(self, rule: Rule) -> tuple[Json, Json]:
        paths, components = super().build_paths(rule)
        (methods,) = paths.values()
        components["ErrorEnvelope"] = ErrorEnvelopeV1.model_json_schema(
            ref_template="#/components/schemas/{model}"
        )
        components.update(components["ErrorEnvelope"].pop("$defs", {}))
        view = self._app.view_functions[rule.endpoint]
        for operation in methods.values():
            operation["tags"] = [_tag_of(rule.endpoint)]
            # Generated types have names; the library moves nested models only.
            for media in _media_types(operation):
                if name := media["schema"].get("title"):
                    components.setdefault(name, media["schema"])
                    media["schema"] = {"$ref": f"#/components/schemas/{name}"}
            self._add_security(operation, rule_of(view))
            _complete_responses(operation, view, components)
            self._add_error_responses(operation, rule, view)
            self._add_links(operation, view)
            for media in _media_types(operation):
                _add_example(media, components)
        # The library's own reading of a path fails on converters with arguments.
        return {_PATH_PARAMETER.sub(r"{\1}", rule.rule): methods}, components

    def build_path_parameter(self, name: str, converter: BaseConverter) -> Json:
        parameter: Json = super().build_path_parameter(name, converter)
        if isinstance(converter, IntegerConverter):
            parameter["schema"] |= {"minimum": converter.min or 0, "maximum": converter.max}
        return parameter

    def build_headers_parameters(self, model: type[Any]) -> tuple[list[Json], Json]:
        parameters, components = super().build_headers_parameters(model)
        for parameter in parameters:
            parameter["name"] = parameter["name"].title()
        return _mark_required(parameters, model), components

    def build_querystring_parameters(self, model: type[Any]) -> tuple[list[Json], Json]:
        parameters, components = super().build_querystring_parameters(model)
        return _mark_required(parameters, model), components

    def operation_id(self, method: str, path: str, func: Callable[..., Any]) -> str | None:
        return declaration_of(func).operation_id or super().operation_id(method, path, func)

    def _add_security(self, operation: Json, rule: str | None) -> None:
        if rule == PUBLIC:
            operation["security"] = []
            return
        operation["x-access-rule"] = rule
        operation["security"] = [_AS_USER]
        if self._app.extensions[ServiceKeys.REQUIRED]:
            alone = [_AS_SERVICE] if rule == SERVICE else []
            operation["security"] = [*alone, _AS_SERVICE | _AS_USER]

    def _add_error_responses(self, operation: Json, rule: Rule, view: Any) -> None:
        """Refer to the errors of the operation, those of one status together."""
        kinds = _error_types(operation, rule, view)
        self._error_examples |= {
            kind.code: {"summary": kind.message, "value": error_example(kind, self._app.name)}
            for kind in kinds
        }
        for status in sorted({kind.status for kind in kinds}):
            same_status = sorted(
                (kind for kind in kinds if kind.status == status), key=lambda kind: kind.code
            )
            name = ".".join(dict.fromkeys(kind.code for kind in same_status))
            operation["responses"][str(status)] = {"$ref": f"#/components/responses/{name}"}
            self._error_responses[name] = _error_response(same_status)

    def _add_links(self, operation: Json, view: Any) -> None:
        """Link the successful response to other operations by their ids."""
        links = {}
        for link in declaration_of(view).links:
            target = declaration_of(self._app.view_functions[link.endpoint])
            links[link.endpoint.rpartition(".")[2]] = {
                "operationId": target.operation_id,
                "parameters": {
                    name: f"$response.body#{at}" for name, at in link.parameters.items()
                },
            }
        if links:
            success = next(one for one in operation["responses"] if one.startswith("2"))
            operation["responses"][success]["links"] = links

    def _tags(self) -> list[Json]:
        """One for each blueprint with a documented route, described by its module's docstring."""
        tags: dict[str, str] = {}
        for rule in self.generate_rules():
            blueprint = self._app.blueprints[rule.endpoint.rpartition(".")[0]]
            docstring = getdoc(modules[blueprint.import_name]) or ""
            tags.setdefault(_tag_of(rule.endpoint), docstring.partition("\n")[0])
        return [{"name": name, "description": text} for name, text in sorted(tags.items())]


def _tag_of(endpoint: str) -> str:
    return endpoint.rpartition(".")[0].rpartition(".")[2]


def _mark_required(parameters: list[Json], model: type[BaseModel]) -> list[Json]:
    """Mark parameters that must be sent; the library does not. An absent one is never null."""
    required = [field.is_required() for field in model.model_fields.values()]
    for parameter, is_required in zip(parameters, required, strict=True):
        parameter["required"] = is_required
        alternatives = parameter["schema"].pop("anyOf", None)
        if alternatives is not None:
            (schema,) = [one for one in alternatives if one != {"type": "null"}]
            parameter["schema"] |= schema
        if parameter["schema"].get("default", ...) is None:
            del parameter["schema"]["default"]
    return parameters


def _media_types(operation: Json) -> list[Json]:
    bodies = [*operation["responses"].values(), operation.get("requestBody", {})]
    return [media for body in bodies for media in body.get("content", {}).values()]


def _complete_responses(operation: Json, view: Any, components: Json) -> None:
    """Add headers and declared responses to those of the models."""
    declared = declaration_of(view)
    # quart-schema uses numbers as some keys, which JSON cannot hold.
    responses = {str(status): body for status, body in operation["responses"].items()}
    operation["responses"] = responses
    etag = ("ETag",) if getattr(view, ETAGGED, False) else ()
    for response in responses.values():
        name = response["content"]["application/json"]["schema"].get("$ref", "").rpartition("/")[2]
        has_parts = "parts" in components.get(name, {}).get("properties", {})
        parts = ("X-Parts-Incomplete",) if has_parts else ()
        response["description"] = response["description"] or "Success"
        response["headers"] = _header_refs(*declared.response_headers, *etag, *parts)
    for extra in declared.extra_responses:
        content = {media: {"schema": dict(schema)} for media, schema in extra.content.items()}
        responses[extra.status] = {
            "description": extra.description,
            "headers": _header_refs(*extra.headers),
            **({"content": content} if content else {}),
        }
    for parameter in operation["parameters"]:
        if parameter["in"] == "path":
            parameter["schema"] |= declared.path_parameters.get(parameter["name"], {})
    if declared.file_field is not None:
        operation["requestBody"] = files_body(declared.file_field)
    if "requestBody" in operation:
        operation["requestBody"]["required"] = not declared.optional_body
    elif etag:
        text = "The representation that `If-None-Match` names is current"
        responses["304"] = {"description": text, "headers": _header_refs("ETag")}


def _header_refs(*names: str) -> Json:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in ("X-Correlation-ID", *names)}


def _error_types(operation: Json, rule: Rule, view: Any) -> ErrorTypes:
    kinds: list[type[BffError]] = [*declaration_of(view).error_responses, Unexpected]
    if rule.rule not in OPERATOR_PATHS:
        kinds.append(Unavailable)
    if rule_of(view) != PUBLIC:
        kinds.extend(_USER_ERRORS)
    if operation["parameters"]:
        kinds.append(ValidationFailed)
    if "requestBody" in operation:
        kinds.extend(_BODY_ERRORS)
    return tuple(dict.fromkeys(kinds))


def _error_response(kinds: Sequence[type[BffError]]) -> Json:
    """The response for errors that have one status."""
    codes = {kind.code: kind.message for kind in kinds}
    return {
        "description": "\n".join(f"`{code}`: {message}" for code, message in codes.items()),
        "headers": _header_refs(*_ERROR_HEADERS.get(kinds[0].status, ())),
        "content": {
            "application/json": {
                "schema": {"$ref": "#/components/schemas/ErrorEnvelope"},
                "examples": {code: {"$ref": f"#/components/examples/{code}"} for code in codes},
            }
        },
    }


def _add_example(media: Json, components: Json) -> None:
    """Put an example on a body whose model has none as a whole."""
    if "examples" not in media:
        with suppress(NoExampleError):
            media["example"] = example_of(media["schema"], components)
