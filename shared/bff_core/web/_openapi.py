"""The OpenAPI document, complete with errors and headers, and its page without a CDN."""

import re
from importlib import resources
from typing import Any

from quart import Blueprint, Quart, Response, current_app
from quart_schema import Info, QuartSchema, hide
from quart_schema.openapi import OpenAPIProvider
from werkzeug.routing.rules import Rule

from bff_core.errors import NotFound
from bff_core.web._envelope import ErrorEnvelopeV1
from bff_core.web._guard import PUBLIC, SERVICE, access, rule_of
from bff_core.web._responses import REFUSALS
from bff_core.web._services import KEY_HEADER, SERVICE_HEADER, ServiceKeys
from bff_core.web._tags import TAGGED

OPENAPI_PATH = "/openapi.json"
_BEARER = {"bearer": {"type": "http", "scheme": "bearer", "bearer_format": "JWT"}}
_SERVICE_KEYS = {
    "serviceKey": {"type": "apiKey", "in_": "header", "name": KEY_HEADER},
    "serviceId": {"type": "apiKey", "in_": "header", "name": SERVICE_HEADER},
}
_PLACE = re.compile(r"<(?:\w+(?:\([^)]*\))?:)?(\w+)>")
_ENVELOPE = {"$ref": "#/components/schemas/ErrorEnvelope"}
_AS_SERVICE: dict[str, list[str]] = {"serviceKey": [], "serviceId": []}
_AS_USER_TOO: dict[str, list[str]] = {**_AS_SERVICE, "bearer": []}
_ALWAYS = {"500": "A bug of ours; the log has the rest under the correlation id"}
_WITH_INPUT = {"400": "The request is not valid; `details.errors` lists what is wrong"}
_WITH_BODY = {
    "413": "The request body is larger than `details.limit_bytes`",
    "415": "The request body is not declared as `application/json`",
}
_DESCRIPTIONS = {"201": "Made", "503": "This service cannot take requests now"}
_WITH_USER = {
    "401": "A valid access token is required",
    "403": "The caller may not do this",
    "502": "A service that a required part needs gave a wrong answer; `details.part` names it",
    "503": "A service that a required part needs cannot be reached",
    "504": "A service that a required part needs did not answer in time",
}
_CORRELATION = {
    "X-Correlation-ID": {
        "description": "The caller's own valid UUID, or a new one; the logs know it.",
        "schema": {"type": "string", "format": "uuid"},
    }
}
_RETRY = {
    "Retry-After": {
        "description": "Seconds to wait before asking again.",
        "schema": {"type": "integer", "minimum": 1},
    }
}
_ETAG = {
    "ETag": {
        "description": "A strong tag of what is answered.",
        "schema": {"type": "string"},
    }
}
_PARTS = {
    "X-Parts-Incomplete": {
        "description": "Names of the parts that are stale or missing; absent when all are well.",
        "schema": {"type": "string"},
    }
}


class Provider(OpenAPIProvider):
    """Adds what every operation of ours has: an id, error answers, headers, an access rule."""

    def generate_rules(self) -> Any:
        rules = super().generate_rules()
        return sorted(rules, key=lambda rule: rule.rule)

    def build_paths(self, rule: Rule) -> tuple[dict[str, Any], dict[str, Any]]:
        found, components = super().build_paths(rule)
        # The library's own reading of a path stumbles over converters with arguments.
        paths = {_PLACE.sub(r"{\1}", rule.rule): methods for methods in found.values()}
        components["ErrorEnvelope"] = ErrorEnvelopeV1.model_json_schema(
            ref_template="#/components/schemas/{model}"
        )
        components.update(components["ErrorEnvelope"].pop("$defs", {}))
        view = self._app.view_functions[rule.endpoint]
        for methods in paths.values():
            for method, operation in methods.items():
                _name_schemas(operation, components)
                _complete(operation, f"{rule.endpoint.replace('.', '_')}_{method}", rule_of(view))
                _add_own_answers(operation, view)
        if ServiceKeys.ASKED in self._app.extensions:
            _ask_for_service_keys(paths)
        return paths, components


def _name_schemas(operation: dict[str, Any], components: dict[str, Any]) -> None:
    """Move the models of requests and answers to the components, so that generated types are named.

    The library does so with nested models only.
    """
    bodies = [*operation["responses"].values(), operation.get("requestBody", {})]
    for media in (media for body in bodies for media in body.get("content", {}).values()):
        name = media["schema"].get("title")
        if name:
            components.setdefault(name, media["schema"])
            media["schema"] = {"$ref": f"#/components/schemas/{name}"}


def _ask_for_service_keys(paths: dict[str, Any]) -> None:
    for methods in paths.values():
        for operation in methods.values():
            rule = operation.get("x-access-rule")
            if rule:
                alone = [_AS_SERVICE] if rule == SERVICE else []
                operation["security"] = [*alone, _AS_USER_TOO]


def _add_own_answers(operation: dict[str, Any], view: Any) -> None:
    """What only this route answers: its own refusals, and 304 where an ETag goes out."""
    for kind in getattr(view, REFUSALS, ()):
        operation["responses"][str(kind.status)] = _refusal(str(kind.status), kind.message)
    if getattr(view, TAGGED, False):
        for status, answer in operation["responses"].items():
            if status.startswith("2"):
                answer["headers"] = answer["headers"] | _ETAG
        if "requestBody" not in operation:
            operation["responses"]["304"] = {
                "description": "What `If-None-Match` names is still current",
                "headers": _CORRELATION | _ETAG,
            }


def _complete(operation: dict[str, Any], operation_id: str, rule: str | None) -> None:
    operation["operationId"] = operation_id.removesuffix("_get")
    # quart-schema keys some by number, which JSON cannot hold.
    responses = {str(status): answer for status, answer in operation["responses"].items()}
    operation["responses"] = responses
    for status, answer in responses.items():
        told = _RETRY if status == "503" else _PARTS if rule != PUBLIC else {}
        answer["headers"] = _CORRELATION | told
        answer["description"] = answer["description"] or _DESCRIPTIONS.get(status, "As asked")
    if "requestBody" in operation:
        operation["requestBody"]["required"] = True
    for status, description in _refusals(operation, rule).items():
        responses.setdefault(status, _refusal(status, description))
    if rule != PUBLIC:
        operation["security"] = [{"bearer": []}]
        operation["x-access-rule"] = rule


def _refusals(operation: dict[str, Any], rule: str | None) -> dict[str, str]:
    refusals = dict(_ALWAYS)
    if rule != PUBLIC:
        # A repeated identity header is a bad request, whatever the route takes.
        refusals |= _WITH_INPUT | _WITH_USER
    elif operation["parameters"] or "requestBody" in operation:
        refusals |= _WITH_INPUT
    return refusals | (_WITH_BODY if "requestBody" in operation else {})


def _refusal(status: str, description: str) -> dict[str, Any]:
    return {
        "description": description,
        "headers": _CORRELATION | (_RETRY if status == "503" else {}),
        "content": {"application/json": {"schema": _ENVELOPE}},
    }


def attach_openapi(app: Quart, *, title: str, version: str, with_page: bool) -> None:
    """Serve `/openapi.json`; and, when asked to, `/docs` with assets of our own."""
    asks_for_keys = ServiceKeys.ASKED in app.extensions
    schemes: dict[str, Any] = {**_BEARER, **(_SERVICE_KEYS if asks_for_keys else {})}
    QuartSchema(
        app,
        openapi_path=None,
        redoc_ui_path=None,
        scalar_ui_path=None,
        swagger_ui_path=None,
        info=Info(title=title, version=version),
        security_schemes=schemes,
        conversion_preference="pydantic",
        openapi_provider_class=Provider,
    )
    app.register_blueprint(_document_routes())
    if with_page:
        app.register_blueprint(_page_routes(title))


def document_of(app: Quart) -> dict[str, Any]:
    """The OpenAPI document of an app."""
    schema: QuartSchema = app.extensions["QUART_SCHEMA"]
    return schema.openapi_provider.schema()


def _document_routes() -> Blueprint:
    blueprint = Blueprint("openapi", __name__)
    written: list[bytes] = []

    @blueprint.get(OPENAPI_PATH)
    @hide
    @access(PUBLIC)
    async def openapi() -> Response:
        """The OpenAPI document."""
        if not written:
            # Routes do not change once requests come, and building it takes a while.
            app: Any = current_app
            written.append(app.json.dumps(document_of(app)).encode())
        return Response(written[0], content_type="application/json")

    return blueprint


_ASSETS = {"swagger-ui.css": "text/css", "swagger-ui-bundle.js": "text/javascript"}
_PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>{title}</title>
<link rel="stylesheet" href="/docs/swagger-ui.css"></head>
<body><div id="ui"></div><script src="/docs/swagger-ui-bundle.js"></script>
<script>SwaggerUIBundle({{url: "/openapi.json", dom_id: "#ui"}})</script></body>
</html>
"""


def _page_routes(title: str) -> Blueprint:
    blueprint = Blueprint("docs", __name__)

    @blueprint.get("/docs")
    @hide
    @access(PUBLIC)
    async def page() -> Response:
        """The OpenAPI document, to read and to try."""
        return Response(_PAGE.format(title=title), content_type="text/html")

    @blueprint.get("/docs/<name>")
    @hide
    @access(PUBLIC)
    async def asset(name: str) -> Response:
        """A script or a style sheet of the page."""
        if name not in _ASSETS:
            raise NotFound
        return Response(_read_asset(name), content_type=_ASSETS[name])

    return blueprint


def _read_asset(name: str) -> bytes:
    vendor = resources.files("swagger_ui_bundle") / "vendor"
    folder = next(entry for entry in vendor.iterdir() if (entry / name).is_file())
    return (folder / name).read_bytes()
