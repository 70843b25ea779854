"""The built front end behind every path that no route of ours knows."""

from collections.abc import Mapping

from quart import Quart, Response, request
from werkzeug.exceptions import NotFound as UnknownPath

from bff_core.errors import Unavailable
from bff_core.etags import is_not_modified
from bff_core.server import request_state
from services.bff_teacher.implementations.built_pages import BuiltFile, BuiltPages

ROUTE = "front_end"
"""How logs and metrics name all of it."""

RESERVED = frozenset({"v1", "bff", "api", "metrics", "ready", "healthz", "openapi.json", "docs"})
"""What begins with these is never a page: a wrong address of an API must not look like one."""

_SAFE: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Where the pages may load from is theirs to say.
    "Content-Security-Policy": "frame-ancestors 'none'; object-src 'none'; base-uri 'self'",
}
_FOREVER = "public, max-age=31536000, immutable"
_ASK_AGAIN = "no-cache"


def attach_front_end(app: Quart, pages: BuiltPages) -> None:
    """Answer GET and HEAD where the app has no route; what it has, it keeps."""

    @app.before_request
    async def page() -> Response | None:
        if request.method not in {"GET", "HEAD"}:
            return None
        # A path that is known to another method stays 405.
        if not isinstance(request.routing_exception, UnknownPath):
            return None
        wanted = _steps(request.scope["path"])
        if wanted is None or (wanted and wanted[0].casefold() in RESERVED):
            return None
        return _found(pages, wanted)


def _steps(path: str) -> list[str] | None:
    """The names in a decoded path; None when one of them is no name of a file or a page."""
    steps = path.removeprefix("/").removesuffix("/").split("/")
    if steps == [""]:
        return []
    if any(not step or step.startswith(".") or not step.isprintable() for step in steps):
        return None
    return None if "\\" in path else steps


def _found(pages: BuiltPages, steps: list[str]) -> Response | None:
    file = pages.files.get("/".join(steps))
    if file is None and (_names_a_file(steps) or not _takes_pages()):
        return None
    request_state(request.scope).route = ROUTE
    file = file or pages.index
    if file is None:
        raise Unavailable(details={"reason": "front_end_not_built"})
    return _answer(file)


def _names_a_file(steps: list[str]) -> bool:
    return bool(steps) and "." in steps[-1]


def _takes_pages() -> bool:
    """Whether the caller would know what to do with HTML; a script that asks for JSON would not."""
    given = request.headers.get("Accept")
    return not given or request.accept_mimetypes.accept_html


def _answer(file: BuiltFile) -> Response:
    unchanged = is_not_modified(request.method, request.if_none_match, file.etag)
    answer = Response(b"", status=304) if unchanged else Response(file.body)
    if answer.status_code == 304:
        answer.headers.pop("Content-Type", None)
    else:
        answer.headers["Content-Type"] = file.content_type
    answer.headers["ETag"] = file.etag
    answer.headers["Cache-Control"] = _FOREVER if file.forever else _ASK_AGAIN
    answer.headers.update(_SAFE)
    return answer
