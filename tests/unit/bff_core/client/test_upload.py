"""A body on its way is bounded, read once, and says why it ended early."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from bff_core.errors import PayloadTooLarge
from services.gateway.implementations.forwarding import Upload


async def pieces(*given: bytes) -> AsyncIterator[bytes]:
    for piece in given:
        yield piece


async def test_it_gives_what_it_is_given() -> None:
    upload = Upload(pieces(b"a", b"bc"), limit=3)

    assert [piece async for piece in upload] == [b"a", b"bc"]
    assert upload.ended


async def test_one_byte_too_many_is_a_failure_that_it_remembers() -> None:
    upload = Upload(pieces(b"ab", b"cd"), limit=3)

    with pytest.raises(PayloadTooLarge):
        [piece async for piece in upload]

    assert isinstance(upload.failure, PayloadTooLarge)
    assert not upload.ended


async def test_a_second_reading_is_refused_before_it_sends_nothing_as_something() -> None:
    upload = Upload(pieces(b"a"), limit=3)
    [piece async for piece in upload]

    with pytest.raises(aiohttp.ClientConnectionError):
        upload.__aiter__()
