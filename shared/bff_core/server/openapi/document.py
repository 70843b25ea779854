"""Serves the OpenAPI document and a page to read it, without a CDN."""

from collections.abc import Callable, Iterable
from functools import cache
from importlib import resources
from typing import Any

from quart import Blueprint, Quart, Response
from quart_schema import Info, QuartSchema, Server, hide

from bff_core.errors import NotFound
from bff_core.server.guard import PUBLIC, access
from bff_core.server.openapi.operations import Provider

COMPLETION = "bff_core.openapi_completion"
"""Extension of an app whose document is completed by a function of the app's own."""


def attach_openapi(app: Quart, info: Info, *, servers: Iterable[str], with_page: bool) -> None:
    """Serve `/openapi.json` and, with `with_page`, `/docs`; `servers` are paths before all routes."""
    QuartSchema(
        app,
        openapi_path=None,
        redoc_ui_path=None,
        scalar_ui_path=None,
        swagger_ui_path=None,
        info=info,
        servers=[Server(url=path or "/") for path in servers],
        conversion_preference="pydantic",
        openapi_provider_class=Provider,
    )
    blueprint = Blueprint("openapi", __name__)

    @cache
    def document() -> bytes:
        # Routes do not change once requests arrive, and building the document is slow.
        return app.json.dumps(document_of(app)).encode()

    @blueprint.get("/openapi.json")
    @hide
    @access(PUBLIC)
    async def openapi() -> Response:
        """The OpenAPI document."""
        return Response(document(), content_type="application/json")

    if with_page:
        _add_page(blueprint, info.title)
    app.register_blueprint(blueprint)


def document_of(app: Quart) -> dict[str, Any]:
    """The OpenAPI document of an app."""
    schema: QuartSchema = app.extensions["QUART_SCHEMA"]
    complete: Callable[[dict[str, Any]], dict[str, Any]] = app.extensions.get(COMPLETION, dict)
    return complete(schema.openapi_provider.schema())


_ASSETS = {"swagger-ui.css": "text/css", "swagger-ui-bundle.js": "text/javascript"}
_PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>{title}</title><link rel="icon" href="data:,">
<link rel="stylesheet" href="/docs/swagger-ui.css"></head>
<body><div id="ui"></div><script src="/docs/swagger-ui-bundle.js"></script>
<script>SwaggerUIBundle({{url: "/openapi.json", dom_id: "#ui", validatorUrl: null,
persistAuthorization: true}})</script></body>
</html>
"""


def _add_page(blueprint: Blueprint, title: str) -> None:
    folder = resources.files("swagger_ui") / "static"

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
        return Response((folder / name).read_bytes(), content_type=_ASSETS[name])
