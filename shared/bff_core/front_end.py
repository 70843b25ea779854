"""A built front end: its files, read into memory at start, and the paths at which they are served."""

import errno
import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from quart import Quart, Response, request
from werkzeug.exceptions import NotFound as UnknownPath

from bff_core.errors import Unavailable
from bff_core.etags import if_none_match
from bff_core.server import request_state
from bff_core.server.routes import for_unmatched_paths
from bff_core.settings import SettingsError

ROUTE = "front_end"
"""Route name of all pages in logs and metrics."""
RESERVED = frozenset({"v1", "bff", "api", "metrics", "ready", "healthz", "openapi.json", "docs"})
"""First path segments that never name a page, so that a wrong API path answers 404."""
IDENTITY = "identity"
"""The content coding of a file as it is."""

INDEX = "index.html"
ASSETS = "assets"
MAX_FILES = 5_000
MAX_BYTES = 128 * 1024 * 1024

# The system's table may differ or be absent.
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".webmanifest": "application/manifest+json",
    ".wasm": "application/wasm",
    ".xml": "application/xml",
    ".pdf": "application/pdf",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".avif": "image/avif",
    ".ico": "image/x-icon",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
    ".ttf": "font/ttf",
    ".otf": "font/otf",
    ".mp3": "audio/mpeg",
    ".mp4": "video/mp4",
    ".webm": "video/webm",
}
_UNKNOWN_TYPE = "application/octet-stream"
ENCODINGS: Mapping[str, str] = {".br": "br", ".gz": "gzip"}
"""Content codings by the suffix of a compressed copy, the smaller one first."""
# Bundlers append eight characters of base64url, or more of hexadecimal.
_HASH = re.compile(r"[-.](?:(?P<short>[A-Za-z0-9_-]{8})|(?P<long>[0-9a-f]{9,64}))$")
# Eight letters of one case are a word: `date-selector.js` may change under its name.
_MIXED = re.compile(r"[0-9_]|[a-z].*[A-Z]|[A-Z].*[a-z]")


@dataclass(frozen=True, slots=True)
class StaticFile:
    """`immutable` means that the name changes with the content.

    `encoded` holds the copies that the build has compressed, by content coding, best first.
    """

    body: bytes
    content_type: str
    etag: str
    immutable: bool
    encoded: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StaticFiles:
    """Files by their path below the root, without a leading slash."""

    files: Mapping[str, StaticFile]

    @property
    def index(self) -> StaticFile | None:
        return self.files.get(INDEX)

    @property
    def checks(self) -> dict[str, bool]:
        """Checks of `/healthz`, named as in the platform's own teacher BFF."""
        return {
            "static_dir_exists": True,
            "index_exists": self.index is not None,
            "assets_dir_exists": any(name.startswith(f"{ASSETS}/") for name in self.files),
        }


def read_static_files(folder: Path) -> StaticFiles:
    """All files of the folder except dotfiles and links that lead out of it.

    A compressed copy, such as `index.js.br` beside `index.js`, is part of that file.

    Raises:
        OSError: The folder is absent, cannot be read, or is probably another one, because it
            holds more than `MAX_FILES` or `MAX_BYTES`.
    """
    root = folder.resolve(strict=True)
    if not root.is_dir():
        raise NotADirectoryError(f"{folder} is not a folder")
    bodies: dict[str, bytes] = {}
    bytes_left = MAX_BYTES
    for name, path in _visible_files(root):
        bytes_left -= path.stat().st_size
        if bytes_left < 0 or len(bodies) == MAX_FILES:
            raise OSError(errno.EFBIG, f"more than {MAX_FILES} files or {MAX_BYTES} bytes")
        bodies[name] = path.read_bytes()
    copies = {f"{name}{suffix}" for name in bodies for suffix in ENCODINGS}
    return StaticFiles({name: _static_file(name, bodies) for name in bodies if name not in copies})


def _static_file(name: str, bodies: Mapping[str, bytes]) -> StaticFile:
    body = bodies[name]
    copies = {coding: bodies.get(f"{name}{suffix}") for suffix, coding in ENCODINGS.items()}
    # A source map has the hash of its script: `index-B3xk9_Qa.js.map`.
    found = _HASH.search(Path(Path(name).name.partition(".map")[0]).stem)
    has_hash = found is not None and bool(_MIXED.search(found["short"] or found["long"]))
    return StaticFile(
        body=body,
        content_type=_TYPES.get(Path(name).suffix.lower(), _UNKNOWN_TYPE),
        etag=hashlib.sha256(body).hexdigest()[:32],
        immutable=name.startswith(f"{ASSETS}/") and has_hash,
        encoded={coding: copy for coding, copy in copies.items() if copy is not None},
    )


def read_folder(folder: Path | None, setting: str) -> StaticFiles | None:
    """The built front end; None when no folder is set.

    Raises:
        SettingsError: The folder cannot be read, or is too large for a front end.
    """
    if folder is None:
        return None
    try:
        return read_static_files(folder)
    except OSError as error:
        raise SettingsError(f"{setting}: {folder}: {error.strerror or error}") from error


def _visible_files(root: Path) -> Iterator[tuple[str, Path]]:
    """Names as in a URL with the real files behind them; linked folders are not entered."""
    for place, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(place) / name
            real = path.resolve()
            if not real.is_relative_to(root) or not real.is_file():
                continue
            # A link with an ordinary name may lead to a dotfile.
            if not any(part.startswith(".") for part in (name, *real.relative_to(root).parts)):
                yield path.relative_to(root).as_posix(), real


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
            # A script asks for JSON.
            accepts_html = not request.headers.get("Accept") or request.accept_mimetypes.accept_html
            if names_a_file or not accepts_html:
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
