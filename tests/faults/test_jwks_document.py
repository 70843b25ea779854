"""The key set over a real socket: read, capped, bounded in time, and never a redirect."""

import pytest

from bff_core.client import document_at
from bff_core.errors import DownstreamError
from bff_core.testing import NO_LENGTH, Reply, stub_server


async def test_the_document_is_read_whole() -> None:
    async with stub_server() as stub:
        stub.on("/.well-known/jwks.json", Reply(body=b'{"keys":', times=1000))

        assert await document_at(f"{stub.url}/.well-known/jwks.json")() == b'{"keys":' * 1000


@pytest.mark.parametrize(
    "reply",
    [
        Reply(404),
        Reply(302, b"", {"Location": "http://127.0.0.1:9/"}),
        Reply(200, b"<html>", {"Content-Type": "text/html"}),
        Reply(200, b" " * 1024, times=65),
        Reply(200, b" " * 1024, times=65, length=NO_LENGTH),
        Reply(raw=b"SSH-2.0-x\r\n"),
        Reply(raw=b""),
    ],
)
async def test_whatever_is_no_small_json_document_is_refused(reply: Reply) -> None:
    async with stub_server() as stub:
        stub.on("/jwks", reply)

        with pytest.raises(DownstreamError):
            await document_at(f"{stub.url}/jwks")()
