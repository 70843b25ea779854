"""aioresponses for aiohttp 3.14 and later, and the requests that it received in plain form."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import aiohttp
from aioresponses import aioresponses
from yarl import URL


class MockedResponse(aiohttp.ClientResponse):
    """aioresponses 0.7.9 does not pass the `stream_writer` that aiohttp 3.14 requires.

    See https://github.com/pnuckowski/aioresponses/issues/289.
    """

    def __init__(self, method: str, url: URL, **kwargs: Any) -> None:
        writer: Any = SimpleNamespace(output_size=0)
        super().__init__(method, url, stream_writer=writer, **kwargs)


class MockedDownstream(aioresponses):
    """Answers requests of aiohttp's client sessions without a socket."""

    def add(self, url: Any, method: str = "GET", *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("response_class", MockedResponse)
        super().add(url, method, *args, **kwargs)

    @property
    def received(self) -> "list[ReceivedRequest]":
        """The requests so far, grouped by method and URL."""
        return [
            ReceivedRequest(method, url, call.kwargs["headers"], call.kwargs.get("data"))
            for (method, url), calls in self.requests.items()
            for call in calls
        ]


@dataclass(frozen=True)
class ReceivedRequest:
    method: str
    url: URL
    headers: Mapping[str, str]
    body: bytes | None

    @property
    def line(self) -> str:
        """Method, path and query, as in a request line."""
        return f"{self.method} {self.url.path_qs}"


@contextmanager
def mocked_downstream() -> Iterator[MockedDownstream]:
    mocked = MockedDownstream()
    with mocked:
        yield mocked
