"""The part of S3 that a broker stores its records in: `python tests/object_store.py PORT`.

Objects live in memory. Writes are conditional (`If-None-Match: *`, `If-Match`), because the broker
relies on them, and every version has an ETag of its own. Signatures are not checked.
"""

import itertools
import re
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from xml.sax.saxutils import escape, unescape

from aiohttp import web

MAX_OBJECT_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class StoredObject:
    body: bytes
    etag: str
    modified: datetime


class ObjectStore:
    """One bucket, whatever its name is."""

    def __init__(self) -> None:
        self._objects: dict[str, StoredObject] = {}
        self._versions = itertools.count(1)

    async def put(self, request: web.Request) -> web.Response:
        key, body = request.match_info["key"], await request.read()
        # No await from here on: the condition holds when the object is written.
        present = self._objects.get(key)
        expected = request.headers.get("If-Match")
        if request.headers.get("If-None-Match") == "*" and present is not None:
            return web.Response(status=412)
        if expected is not None and (present is None or present.etag != expected):
            return web.Response(status=412)
        stored = StoredObject(body, f'"{next(self._versions)}"', datetime.now(UTC))
        self._objects[key] = stored
        return web.Response(headers={"ETag": stored.etag})

    async def get(self, request: web.Request) -> web.Response:
        stored = self._objects.get(request.match_info["key"])
        if stored is None:
            return web.Response(status=404, text="<Error><Code>NoSuchKey</Code></Error>")
        headers = {
            "ETag": stored.etag,
            "Last-Modified": format_datetime(stored.modified, usegmt=True),
        }
        if request.headers.get("If-None-Match") == stored.etag:
            return web.Response(status=304, headers=headers)
        return web.Response(body=stored.body, headers=headers)

    async def delete(self, request: web.Request) -> web.Response:
        self._objects.pop(request.match_info["key"], None)
        return web.Response(status=204)

    async def delete_many(self, request: web.Request) -> web.Response:
        for key in re.findall("<Key>(.*?)</Key>", await request.text()):
            self._objects.pop(unescape(key), None)
        return _xml("<DeleteResult></DeleteResult>")

    async def list(self, request: web.Request) -> web.Response:
        prefix, delimiter = request.query.get("prefix", ""), request.query.get("delimiter")
        after = request.query.get("start-after", "")
        contents, folders = [], set()
        for key in sorted(self._objects):
            if not key.startswith(prefix) or key <= after:
                continue
            folder, found, _ = key.removeprefix(prefix).partition(delimiter or "\0")
            if found:
                folders.add(f"{prefix}{folder}{delimiter}")
            else:
                contents.append(self._listed(key))
        shared = "".join(
            f"<CommonPrefixes><Prefix>{escape(folder)}</Prefix></CommonPrefixes>"
            for folder in sorted(folders)
        )
        inside = f"<IsTruncated>false</IsTruncated>{''.join(contents)}{shared}"
        return _xml(f"<ListBucketResult>{inside}</ListBucketResult>")

    def _listed(self, key: str) -> str:
        stored = self._objects[key]
        modified = stored.modified.strftime("%Y-%m-%dT%H:%M:%S.000Z")
        fields = f"<Key>{escape(key)}</Key><LastModified>{modified}</LastModified>"
        sizes = f"<ETag>{escape(stored.etag)}</ETag><Size>{len(stored.body)}</Size>"
        return f"<Contents>{fields}{sizes}</Contents>"


def _xml(text: str) -> web.Response:
    return web.Response(text=text, content_type="application/xml")


def application() -> web.Application:
    store = ObjectStore()
    app = web.Application(client_max_size=MAX_OBJECT_BYTES)
    app.router.add_get("/{bucket}", store.list)
    app.router.add_post("/{bucket}", store.delete_many)
    app.router.add_put("/{bucket}/{key:.+}", store.put)
    app.router.add_get("/{bucket}/{key:.+}", store.get)
    app.router.add_delete("/{bucket}/{key:.+}", store.delete)
    return app


if __name__ == "__main__":
    web.run_app(application(), host="127.0.0.1", port=int(sys.argv[1]), print=None, access_log=None)
