"""Multipart bodies as browsers write them, whole and in pieces."""

from collections.abc import Iterable, Iterator

from tests.faults.stub_platform import StubPlatform

BOUNDARY = "----boundary0f2c"
CONTENT_TYPE = f"multipart/form-data; boundary={BOUNDARY}"
TEXT = "En text som är lång nog. ".encode() * 10
UPLOAD = "/v1/files/batch"


def part(name: str, data: bytes, field: str = "files") -> bytes:
    disposition = f'Content-Disposition: form-data; name="{field}"; filename="{name}"'.encode()
    head = b"--" + BOUNDARY.encode() + b"\r\n" + disposition + b"\r\n"
    return head + b"Content-Type: application/octet-stream\r\n\r\n" + data + b"\r\n"


END = f"--{BOUNDARY}--\r\n".encode()


def form(*files: tuple[str, bytes]) -> bytes:
    return b"".join(part(name, data) for name, data in files) + END


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))


def files_in(body: bytes) -> list[tuple[str, bytes]]:
    """Names and contents of the files in a form that was sent to the file service."""
    boundary = body.split(b"\r\n", 1)[0]
    found = []
    for one in body.split(boundary + b"\r\n")[1:]:
        head, _, rest = one.partition(b"\r\n\r\n")
        if b"filename=" in head:
            name = head.split(b'filename="')[1].split(b'"')[0].decode()
            found.append((name, rest.split(b"\r\n" + boundary)[0].removesuffix(b"\r\n")))
    return found


def requests_with_files(behind: StubPlatform) -> list[list[tuple[str, bytes]]]:
    bodies: Iterable[bytes] = [one.body for one in behind.files.requests if one.path == UPLOAD]
    return [files_in(body) for body in bodies]
