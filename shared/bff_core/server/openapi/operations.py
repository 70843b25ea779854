"""Every operation of the document: an id, a tag, an access rule, all answers with their headers."""

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from inspect import getdoc
from sys import modules
from typing import Any

from pydantic import BaseModel
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
    Unavailable,
    Unexpected,
    UnsupportedMediaType,
    ValidationFailed,
)
from bff_core.server.concurrency_limit import EXEMPT_PATHS
from bff_core.server.envelope import ErrorEnvelopeV1
from bff_core.server.guard import PUBLIC, SERVICE, rule_of
from bff_core.server.openapi.declarations import (
    BODY_OPTIONAL,
    HEADERS,
    LINKS,
    OTHERS,
    PLACES,
    REFUSALS,
    SENT,
    Link,
)
from bff_core.server.openapi.examples import NoExampleError, error_example, example_of
from bff_core.server.routes.responses import ETAGGED
from bff_core.server.service_keys import KEY_HEADER, SERVICE_HEADER, ServiceKeys

Json = dict[str, Any]
Kinds = tuple[type[BffError], ...]

_KINDS = "x-refusals"
"""Where an operation's refusals stand until the whole document is known."""
_PLACE = re.compile(r"<(?:\w+(?:\([^)]*\))?:)?(\w+)>")
_AGAIN = re.compile(r"_\d+$")
_BEARER: Json = {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
_SERVICE_KEYS: Json = {
    "serviceKey": {"type": "apiKey", "in": "header", "name": KEY_HEADER},
    "serviceId": {"type": "apiKey", "in": "header", "name": SERVICE_HEADER},
}
_AS_SERVICE: dict[str, list[str]] = {"serviceKey": [], "serviceId": []}
_AS_USER: dict[str, list[str]] = {"bearer": []}
_WITH_INPUT: Kinds = (ValidationFailed,)
_WITH_BODY: Kinds = (ValidationFailed, PayloadTooLarge, UnsupportedMediaType)
# A repeated identity header is a bad request, whatever the route takes.
_WITH_USER: Kinds = (
    InvalidRequest,
    NotAuthenticated,
    NotAuthorized,
    DownstreamFailed,
    DownstreamUnreachable,
    CircuitOpen,
    DownstreamTimeout,
)
_TOLD_WITH: Mapping[int, tuple[str, ...]] = {
    401: ("WWW-Authenticate",),
    412: ("ETag",),
    429: ("Retry-After",),
    503: ("Retry-After",),
}


class Provider(OpenAPIProvider):
    """The library's document, completed with what every operation of ours has."""

    def schema(self) -> Json:
        document = super().schema()
        components = document["components"]
        components["headers"] = dict(HEADERS)
        components["securitySchemes"] = _BEARER | (_SERVICE_KEYS if self._asks_for_keys() else {})
        components |= {"responses": {}, "examples": {}}
        for operation in (
            one for methods in document["paths"].values() for one in methods.values()
        ):
            kinds = operation.pop(_KINDS)
            components["responses"] |= _refuse(operation, kinds)
            components["examples"] |= _refusals_shown(kinds, self._app.name)
            _show(operation, components["schemas"])
        document["tags"] = self._tags()
        return document

    def generate_rules(self) -> Iterable[Rule]:
        return sorted(super().generate_rules(), key=lambda rule: rule.rule)

    def build_paths(self, rule: Rule) -> tuple[Json, Json]:
        found, components = super().build_paths(rule)
        (methods,) = found.values()
        components["ErrorEnvelope"] = ErrorEnvelopeV1.model_json_schema(
            ref_template="#/components/schemas/{model}"
        )
        components.update(components["ErrorEnvelope"].pop("$defs", {}))
        view = self._app.view_functions[rule.endpoint]
        for method, operation in methods.items():
            name = rule.endpoint.replace(".", "_") + (f"_{method}" if len(methods) > 1 else "")
            operation["operationId"] = name
            operation["tags"] = [_tag_of(rule.endpoint)]
            _name_schemas(operation, components)
            self._guard(operation, rule_of(view))
            _answer(operation, rule, view, components)
        # The library's own reading of a path stumbles over converters with arguments.
        return {_PLACE.sub(r"{\1}", rule.rule): methods}, components

    def build_path_parameter(self, name: str, converter: BaseConverter) -> Json:
        parameter: Json = super().build_path_parameter(name, converter)
        if isinstance(converter, IntegerConverter):
            parameter["schema"] |= {"minimum": converter.min or 0, "maximum": converter.max}
        return parameter

    def build_headers_parameters(self, model: type[Any]) -> tuple[list[Json], Json]:
        parameters, components = super().build_headers_parameters(model)
        for one in parameters:
            one["name"] = "-".join(word.capitalize() for word in one["name"].split("-"))
        return _with_required(parameters, model), components

    def build_querystring_parameters(self, model: type[Any]) -> tuple[list[Json], Json]:
        parameters, components = super().build_querystring_parameters(model)
        return _with_required(parameters, model), components

    def _asks_for_keys(self) -> bool:
        return ServiceKeys.REQUIRED in self._app.extensions

    def _guard(self, operation: Json, rule: str | None) -> None:
        if rule == PUBLIC:
            return
        operation["x-access-rule"] = rule
        operation["security"] = [_AS_USER]
        if self._asks_for_keys():
            alone = [_AS_SERVICE] if rule == SERVICE else []
            operation["security"] = [*alone, _AS_SERVICE | _AS_USER]

    def _tags(self) -> list[Json]:
        """One for each blueprint that shows a route, in the words of its module."""
        told: dict[str, str] = {}
        for rule in self.generate_rules():
            blueprint = self._app.blueprints[rule.endpoint.rpartition(".")[0]]
            words = getdoc(modules[blueprint.import_name]) or ""
            told.setdefault(_tag_of(rule.endpoint), words.partition("\n")[0])
        return [{"name": name, "description": words} for name, words in sorted(told.items())]


def _tag_of(endpoint: str) -> str:
    """The blueprint's name, the same under all of its prefixes."""
    return _AGAIN.sub("", endpoint.rpartition(".")[0].rpartition(".")[2])


def _with_required(parameters: list[Json], model: type[BaseModel]) -> list[Json]:
    """The library does not tell which parameters must be there; an absent one is never null."""
    must = [field.is_required() for field in model.model_fields.values()]
    for parameter, required in zip(parameters, must, strict=True):
        parameter["required"] = required
        kinds = parameter["schema"].pop("anyOf", None)
        if kinds is not None:
            (kind,) = [one for one in kinds if one != {"type": "null"}]
            parameter["schema"] |= kind
        if parameter["schema"].get("default", ...) is None:
            del parameter["schema"]["default"]
    return parameters


def _name_schemas(operation: Json, components: Json) -> None:
    """Move the models of requests and answers to the components, so that generated types are named.

    The library does so with nested models only.
    """
    bodies = [*operation["responses"].values(), operation.get("requestBody", {})]
    for media in (media for body in bodies for media in body.get("content", {}).values()):
        name = media["schema"].get("title")
        if name:
            components.setdefault(name, media["schema"])
            media["schema"] = {"$ref": f"#/components/schemas/{name}"}


def _answer(operation: Json, rule: Rule, view: Any, components: Json) -> None:
    """Every answer: those of models, those the route declares, and the refusals."""
    # quart-schema keys some by number, which JSON cannot hold.
    responses = {str(status): answer for status, answer in operation["responses"].items()}
    operation["responses"] = responses
    tagged = getattr(view, ETAGGED, False)
    sent = (*getattr(view, SENT, ()), *(("ETag",) if tagged else ()))
    for status, answer in responses.items():
        answer["description"] = answer["description"] or {"201": "Made"}.get(status, "As asked")
        answer["headers"] = _headers(*sent, *_parts_in(answer, components))
        answer.update(_links(rule.endpoint, getattr(view, LINKS, ())))
    for other in getattr(view, OTHERS, ()):
        content = {media: {"schema": dict(schema)} for media, schema in other.content.items()}
        responses[other.status] = {
            "description": other.description,
            "headers": _headers(*other.headers),
            **({"content": content} if content else {}),
        }
    told = getattr(view, PLACES, {})
    for parameter in operation["parameters"]:
        parameter["schema"] |= told.get(parameter["name"], {}) if parameter["in"] == "path" else {}
    if "requestBody" in operation:
        operation["requestBody"]["required"] = not getattr(view, BODY_OPTIONAL, False)
    elif tagged:
        words = "What `If-None-Match` names is still current"
        responses["304"] = {"description": words, "headers": _headers("ETag")}
    operation[_KINDS] = _refusals(operation, rule, view)


def _parts_in(answer: Json, components: Json) -> tuple[str, ...]:
    name = answer["content"]["application/json"]["schema"].get("$ref", "").rpartition("/")[2]
    fields = components.get(name, {}).get("properties", {})
    return ("X-Parts-Incomplete",) if "parts" in fields else ()


def _links(endpoint: str, links: Iterable[Link]) -> Json:
    """By the name of their operation, which under another prefix is another one."""
    again = "".join(_AGAIN.findall(endpoint.rpartition(".")[0]))
    told = {}
    for link in links:
        blueprint, _, function = link.endpoint.rpartition(".")
        parameters = {name: f"$response.body#{at}" for name, at in link.parameters.items()}
        told[function] = {"operationId": f"{blueprint}{again}_{function}", "parameters": parameters}
    return {"links": told} if told else {}


def _headers(*names: str) -> Json:
    wanted = ("X-Correlation-ID", *names)
    return {name: {"$ref": f"#/components/headers/{name}"} for name in wanted}


def _refusals(operation: Json, rule: Rule, view: Any) -> Kinds:
    kinds: list[type[BffError]] = [*getattr(view, REFUSALS, ()), Unexpected]
    if rule.rule not in EXEMPT_PATHS:
        kinds.append(Unavailable)
    if rule_of(view) != PUBLIC:
        kinds.extend(_WITH_USER)
    if operation["parameters"]:
        kinds.extend(_WITH_INPUT)
    if "requestBody" in operation:
        kinds.extend(_WITH_BODY)
    return tuple(dict.fromkeys(kinds))


def _refuse(operation: Json, kinds: Kinds) -> Json:
    """Put refusals among the operation's answers; they stand in the components, by their codes."""
    told = {}
    for status in sorted({kind.status for kind in kinds}):
        alike = sorted((kind for kind in kinds if kind.status == status), key=lambda one: one.code)
        codes = {one.code: one.message for one in alike}
        name = ".".join(codes)
        operation["responses"][str(status)] = {"$ref": f"#/components/responses/{name}"}
        told[name] = {
            "description": "\n".join(f"`{code}`: {message}" for code, message in codes.items()),
            "headers": _headers(*_TOLD_WITH.get(status, ())),
            "content": {
                "application/json": {
                    "schema": {"$ref": "#/components/schemas/ErrorEnvelope"},
                    "examples": {code: {"$ref": f"#/components/examples/{code}"} for code in codes},
                }
            },
        }
    return told


def _refusals_shown(kinds: Kinds, service: str) -> Json:
    return {
        kind.code: {"summary": kind.message, "value": error_example(kind, service)}
        for kind in kinds
    }


def _show(operation: Json, components: Json) -> None:
    """Put an example on each body whose model has none as a whole."""
    bodies = [*operation["responses"].values(), operation.get("requestBody", {})]
    for media in (media for body in bodies for media in body.get("content", {}).values()):
        if "examples" not in media:
            with suppress(NoExampleError):
                media["example"] = example_of(media["schema"], components)
