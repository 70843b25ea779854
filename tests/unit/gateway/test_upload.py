"""A streamed request body is bounded, read once, and keeps the error that ended it early."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from bff_core.errors import PayloadTooLarge
from services.gateway.implementations.forwarding import Upload


async def pieces(*given: bytes) -> AsyncIterator[bytes]:
    for piece in given:
        yield piece


async def test_chunks_pass_unchanged() -> None:
    upload = Upload(pieces(b"a", b"bc"), limit=3)

    assert [piece async for piece in upload] == [b"a", b"bc"]
    assert upload.is_complete


async def test_body_over_its_limit_fails_and_keeps_the_error() -> None:
    upload = Upload(pieces(b"ab", b"cd"), limit=3)

    with pytest.raises(PayloadTooLarge):
        [piece async for piece in upload]

    assert isinstance(upload.failure, PayloadTooLarge)
    assert not upload.is_complete


async def test_body_cannot_be_read_twice() -> None:
    upload = Upload(pieces(b"a"), limit=3)
    [piece async for piece in upload]

    with pytest.raises(aiohttp.ClientConnectionError):
        upload.__aiter__()
