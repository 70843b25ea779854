"""The file service, continued: files of a batch. It answers 409 for every reason to refuse one."""

import secrets
from collections.abc import AsyncIterator, Sequence

import msgspec

from bff_core.client import Credentials, DownstreamResponse, JsonDecoder, ServiceClient
from bff_core.context import RequestContext
from bff_core.errors import Conflict, DownstreamRefused, NotAuthorized
from bff_core.settings import Operation
from services.bff_teacher.contracts.files import UploadAnswer, UploadRefusal
from services.bff_teacher.ports.workflow import NamedFile

CONFLICT = 409
LOCKED, FOREIGN = "PROCESSING_ERROR", "AUTHORIZATION_ERROR"
_BOUNDARY_BYTES = 40
_CONTENT_TYPES = {
    ".txt": "text/plain",
    ".pdf": "application/pdf",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}


class MultipartFiles:
    """A multipart form of files, written while it is sent; its length is known before."""

    def __init__(self, batch_id: str, files: Sequence[NamedFile]) -> None:
        self.boundary = secrets.token_hex(_BOUNDARY_BYTES // 2)
        self._batch = _head(self.boundary, 'name="batch_id"') + batch_id.encode() + b"\r\n"
        self._files = files

    def __len__(self) -> int:
        parts = sum(_part_bytes(self.boundary, file) for file in self._files)
        return len(self._batch) + parts + len(self._end)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._batch
        for file in self._files:
            yield _file_head(self.boundary, file)
            async for block in file.content.read():
                yield block
            yield b"\r\n"
        yield self._end

    @property
    def _end(self) -> bytes:
        return f"--{self.boundary}--\r\n".encode()


class HttpFileUploads:
    def __init__(self, files: ServiceClient, *, upload: Operation, remove: Operation) -> None:
        user, conflict = Credentials(user=True), frozenset({CONFLICT})
        self._upload = files.endpoint(
            "upload", upload, JsonDecoder(UploadAnswer), credentials=user, statuses=conflict
        )
        self._remove = files.endpoint(
            "remove_file", remove, JsonDecoder(UploadAnswer), credentials=user, statuses=conflict
        )

    def room_for(self, file: NamedFile) -> int:
        return _part_bytes("-" * _BOUNDARY_BYTES, file)

    async def send(self, ctx: RequestContext, batch_id: str, files: Sequence[NamedFile]) -> None:
        body = MultipartFiles(batch_id, files)
        headers = {"Content-Type": f"multipart/form-data; boundary={body.boundary}"}
        path = ("v1", "files", "batch")
        answer = await self._upload.request(ctx, "POST", path, body=body, headers=headers)
        _require_taken(answer)

    async def remove(self, ctx: RequestContext, batch_id: str, file_upload_id: str) -> None:
        path = ("v1", "files", "batch", batch_id, "files", file_upload_id)
        _require_taken(await self._remove.request(ctx, "DELETE", path))


def _require_taken(answer: DownstreamResponse) -> None:
    """Tell the reasons of a 409 apart, by the only field that differs."""
    if answer.status != CONFLICT:
        return
    try:
        code = msgspec.json.decode(answer.body, type=UploadRefusal).error.error_code
    except msgspec.DecodeError:
        code = None
    if code == FOREIGN:
        raise NotAuthorized
    if code == LOCKED:
        raise Conflict("The batch takes no files any more", details={"reason": "locked"})
    raise DownstreamRefused("files", upstream_status=CONFLICT, spoke_json=True)


def _head(boundary: str, disposition: str, content_type: str = "") -> bytes:
    kind = f"Content-Type: {content_type}\r\n" if content_type else ""
    return f"--{boundary}\r\nContent-Disposition: form-data; {disposition}\r\n{kind}\r\n".encode()


def _file_head(boundary: str, file: NamedFile) -> bytes:
    # As browsers write it; control characters are refused before.
    name = file.name.replace('"', "%22")
    kind = _CONTENT_TYPES[f".{name.rpartition('.')[2].lower()}"]
    return _head(boundary, f'name="files"; filename="{name}"', kind)


def _part_bytes(boundary: str, file: NamedFile) -> int:
    return len(_file_head(boundary, file)) + file.content.size + len(b"\r\n")
