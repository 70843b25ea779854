"""A built front end, read once at start: what is served is what was there, and nothing else."""

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

INDEX = "index.html"
ASSETS = "assets"
MOST_FILES = 5_000
MOST_BYTES = 128 * 1024 * 1024

# A table of our own: the machine's may say anything, or be absent.
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
_UNKNOWN = "application/octet-stream"
# What bundlers append to a name: eight characters of base64url, or more of hexadecimal.
_HASH = re.compile(r"[-.](?:(?P<short>[A-Za-z0-9_-]{8})|(?P<long>[0-9a-f]{9,64}))$")
_MIXED = re.compile(r"[0-9_]|[a-z].*[A-Z]|[A-Z].*[a-z]")


class TooMuchToServe(Exception):
    """The folder holds more than a front end does: it is likely another one."""


@dataclass(frozen=True, slots=True)
class BuiltFile:
    """A file as it goes out; `forever` when its name changes with its content."""

    body: bytes
    content_type: str
    etag: str
    forever: bool


@dataclass(frozen=True, slots=True)
class BuiltPages:
    """The files by their path below the root, without a slash in front."""

    files: Mapping[str, BuiltFile]

    @property
    def index(self) -> BuiltFile | None:
        return self.files.get(INDEX)

    @property
    def checks(self) -> dict[str, bool]:
        """What `/healthz` tells, in the words of the platform's own teacher BFF."""
        return {
            "static_dir_exists": True,
            "index_exists": self.index is not None,
            "assets_dir_exists": any(name.startswith(f"{ASSETS}/") for name in self.files),
        }


def read_pages(folder: Path) -> BuiltPages:
    """Everything in the folder that may be seen: no dotfiles, nothing that lies outside of it.

    Raises:
        OSError: The folder is not there or cannot be read.
        TooMuchToServe: It holds more than `MOST_FILES` or `MOST_BYTES`.
    """
    root = folder.resolve(strict=True)
    if not root.is_dir():
        raise NotADirectoryError(f"{folder} is not a folder")
    files: dict[str, BuiltFile] = {}
    left = MOST_BYTES
    for name, path in _visible(root):
        left -= path.stat().st_size
        if left < 0 or len(files) == MOST_FILES:
            raise TooMuchToServe(f"more than {MOST_FILES} files or {MOST_BYTES} bytes")
        files[name] = _built(name, path.read_bytes())
    return BuiltPages(files)


def _visible(root: Path) -> Iterator[tuple[str, Path]]:
    """Names as in a URL, and the real files behind them; folders behind links are not entered."""
    for place, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(place) / name
            if _may_be_seen(path, root):
                yield path.relative_to(root).as_posix(), path.resolve()


def _may_be_seen(path: Path, root: Path) -> bool:
    real = path.resolve()
    if not real.is_relative_to(root) or not real.is_file():
        return False
    # A link may have a harmless name and lead to a file that has not.
    parts = (path.name, *real.relative_to(root).parts)
    return not any(part.startswith(".") for part in parts)


def _built(name: str, body: bytes) -> BuiltFile:
    path = Path(name)
    return BuiltFile(
        body=body,
        content_type=_TYPES.get(path.suffix.lower(), _UNKNOWN),
        etag=f'"{hashlib.sha256(body).hexdigest()[:32]}"',
        forever=name.startswith(f"{ASSETS}/") and _has_hash(path.name.partition(".map")[0]),
    )


def _has_hash(name: str) -> bool:
    found = _HASH.search(Path(name).stem)
    if found is None:
        return False
    # Eight letters of one case are a word: `date-selector.js` may change under its name.
    return bool(_MIXED.search(found["short"] or found["long"]))
