"""The built front end, served at every path that is not an API's."""

from collections.abc import Mapping

from quart import Quart, Response, request
from werkzeug.exceptions import NotFound as UnknownPath

from bff_core.errors import Unavailable
from bff_core.etags import if_none_match
from bff_core.front_end.files import ASSETS, StaticFile, StaticFiles
from bff_core.server import for_unmatched_paths, request_state

ROUTE = "front_end"
"""Route name of all pages in logs and metrics."""

RESERVED = frozenset({"v1", "bff", "api", "metrics", "ready", "healthz", "openapi.json", "docs"})
"""First path segments that never name a page, so that a wrong API path answers 404."""

IDENTITY = "identity"
"""The content coding of a file as it is."""


def attach_front_end(app: Quart, pages: StaticFiles, headers: Mapping[str, str]) -> None:
    """Answer GET and HEAD where the app has no route; `headers` go with every file."""

    @app.before_request
    @for_unmatched_paths
    async def serve_page() -> Response | None:
        if request.method not in {"GET", "HEAD"}:
            return None
        # A path with a route for another method stays 405.
        if not isinstance(request.routing_exception, UnknownPath):
            return None
        segments = path_segments(request.scope["path"])
        if segments is None or (segments and segments[0].casefold() in RESERVED):
            return None
        file = pages.files.get("/".join(segments))
        if file is None:
            names_a_file = bool(segments) and (segments[0] == ASSETS or "." in segments[-1])
            if names_a_file or not _accepts_html():
                return None
            file = pages.index
        request_state(request.scope).route = ROUTE
        if file is None:
            raise Unavailable(details={"reason": "front_end_not_built"})
        response = _response(file)
        response.headers.update(headers)
        return response


def path_segments(path: str) -> list[str] | None:
    """The segments of a decoded path; None when one of them cannot name a file or a page."""
    segments = path.removeprefix("/").removesuffix("/").split("/")
    if segments == [""]:
        return []
    if "\\" in path or any(
        not segment or segment.startswith(".") or not segment.isprintable() for segment in segments
    ):
        return None
    return segments


def _accepts_html() -> bool:
    """False for a script that asks for JSON."""
    return not request.headers.get("Accept") or request.accept_mimetypes.accept_html


def _response(file: StaticFile) -> Response:
    """The file in the coding that the client likes best, or 304 when it has that already."""
    coding = request.accept_encodings.best_match([*file.encoded, IDENTITY], IDENTITY)
    tag = file.etag if coding == IDENTITY else f"{file.etag}-{coding}"
    if if_none_match(request.headers).contains_weak(tag):
        response = Response(b"", status=304)
        response.headers.pop("Content-Type", None)
    else:
        response = Response(file.encoded.get(coding, file.body), content_type=file.content_type)
        if coding != IDENTITY:
            response.headers["Content-Encoding"] = coding
    response.set_etag(tag)
    if file.encoded:
        response.headers["Vary"] = "Accept-Encoding"
    response.headers["Cache-Control"] = (
        "public, max-age=31536000, immutable" if file.immutable else "no-cache"
    )
    return response
