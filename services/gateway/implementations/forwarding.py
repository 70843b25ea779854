"""Passing a request on as it came, and its answer as it comes: streamed both ways, never kept."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import aiohttp
import structlog
from yarl import URL

from bff_core.client.errors import from_exception
from bff_core.client.headers import TIMEOUT_HEADER
from bff_core.errors import (
    BffError,
    ClientError,
    DownstreamError,
    DownstreamFailed,
    DownstreamTimeout,
    PayloadTooLarge,
    UpstreamAborted,
)
from bff_core.observability import Metrics, Span, tracing
from bff_core.settings import Downstream
from bff_core.time_limit import TimeLimit
from services.gateway.implementations.forwarded_headers import filter_response_headers

# What aiohttp would add by itself; the caller's own words go on, or none.
_SILENT = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")
_FAILURES = (aiohttp.ClientError, OSError)
_TRACE = frozenset({"traceparent", "tracestate"})

log = structlog.get_logger()


class RequestTooSlow(ClientError):
    code = "INVALID_REQUEST"
    status = 408
    message = "The request body did not arrive in time"


class Upload:
    """A request body on its way: at most `limit` bytes, read once, by whoever sends it on.

    `failure` is why it could not be read to its end.
    """

    def __init__(self, source: AsyncIterator[bytes], *, limit: int) -> None:
        self._source = source
        self._limit = limit
        self._begun = False
        self.ended = False
        self.failure: BffError | None = None

    def __aiter__(self) -> AsyncIterator[bytes]:
        if self._begun:
            # aiohttp repeats a PUT on a dead connection; the second would send an empty body.
            raise aiohttp.ClientConnectionError("a body cannot be sent twice")
        self._begun = True
        return self._chunks()

    async def _chunks(self) -> AsyncIterator[bytes]:
        size = 0
        try:
            async for chunk in self._source:
                size += len(chunk)
                if size > self._limit:
                    raise PayloadTooLarge
                yield chunk
        except BffError as error:
            self.failure = error
            raise
        self.ended = True


@dataclass(frozen=True, slots=True)
class ForwardRequest:
    """A request as it goes on.

    `path` is raw and already checked, `query` raw; `seconds` bounds the time to the answer's head.
    """

    operation: str
    method: str
    path: str
    query: str
    headers: Sequence[tuple[str, str]] = field(repr=False)
    body: Upload | bytes | None = field(repr=False)
    seconds: float


class UpstreamResponse:
    """An answer whose head has come. Whoever holds it closes it."""

    def __init__(self, service: str, origin: bytes, response: aiohttp.ClientResponse) -> None:
        self._service = service
        self._response = response
        self.status = response.status
        self.headers = filter_response_headers(response.raw_headers, origin)
        self.kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    @property
    def is_stream(self) -> bool:
        """Whether it has no end of its own: server-sent events."""
        return self.kind == "text/event-stream"

    @property
    def is_encoded(self) -> bool:
        return self._response.headers.get("Content-Encoding", "identity").lower() != "identity"

    @property
    def has_length(self) -> bool:
        return "Content-Length" in self._response.headers

    async def read(self, *, limit: int, seconds: float) -> bytes:
        """The whole body.

        Raises:
            DownstreamError: It is longer than `limit` bytes, breaks off, or takes too long.
        """
        try:
            with TimeLimit(seconds):
                return await self._collect(limit)
        except _FAILURES as error:
            raise from_exception(self._service, error) from error

    async def _collect(self, limit: int) -> bytes:
        body = bytearray()
        async for chunk in self._response.content.iter_any():
            body += chunk
            if len(body) > limit:
                raise DownstreamFailed(self._service, reason="too_large")
        return bytes(body)

    def arrived(self) -> bytes | None:
        """The whole body when all of it is here already; None while some is on its way."""
        content = self._response.content
        if not content.is_eof() or content.exception() is not None:
            return None
        return content.read_nowait()

    async def chunks(self, *, idle: float) -> AsyncIterator[bytes]:
        """The body as it comes.

        Raises:
            AnswerCut: It broke off, or nothing came for `idle` seconds.
        """
        content = self._response.content
        try:
            while True:
                with TimeLimit(idle):
                    chunk = await content.readany()
                if not chunk:
                    return
                yield chunk
        except _FAILURES as error:
            log.warning("upstream_cut", service=self._service, reason=type(error).__name__)
            raise UpstreamAborted from error

    def close(self) -> None:
        """Let go; the connection is kept only when the body was read to its end."""
        if self._response.content.at_eof():
            self._response.release()
        else:
            self._response.close()


@dataclass(frozen=True, slots=True)
class _Base:
    """A service's address, taken apart once."""

    url: str
    path: str
    host: str | None
    port: int | None
    origin: bytes

    @classmethod
    def of(cls, address: str) -> "_Base":
        url = URL(address)
        path = url.raw_path.removesuffix("/")
        return cls(address, path, url.raw_host, url.port, str(url.origin()).encode("ascii"))


class Forwarder:
    """Passes requests on to one service."""

    def __init__(
        self, session: aiohttp.ClientSession, downstream: Downstream, metrics: Metrics
    ) -> None:
        self._session = session
        self._service = downstream.name
        self._base = _Base.of(downstream.url)
        self._metrics = metrics

    async def send(self, outgoing: ForwardRequest) -> UpstreamResponse:
        """Send, and wait for the answer's head.

        Raises:
            DownstreamError: No usable head came in time.
            ClientError: The request's body could not be read.
        """
        with tracing().asking(self._service, outgoing.operation, outgoing.method) as span:
            return await self._sent(outgoing, span)

    async def _sent(self, outgoing: ForwardRequest, span: Span) -> UpstreamResponse:
        outcome = "ok"
        started = time.perf_counter()
        try:
            return UpstreamResponse(self._service, self._base.origin, await self._head(outgoing))
        except asyncio.CancelledError:
            outcome = "cancelled"
            raise
        except BffError as error:
            outcome = error.code.lower()
            self._log(outgoing.operation, error)
            raise
        finally:
            elapsed = time.perf_counter() - started
            span.came_to(outcome)
            self._metrics.observe_call(self._service, outgoing.operation, outcome, elapsed)

    async def _head(self, outgoing: ForwardRequest) -> aiohttp.ClientResponse:
        upload = outgoing.body if isinstance(outgoing.body, Upload) else None
        try:
            with TimeLimit(outgoing.seconds):
                response = await self._request(outgoing)
        except TimeoutError as error:
            if upload and not upload.ended:
                raise RequestTooSlow from error
            raise DownstreamTimeout(self._service, reason=type(error).__name__) from error
        except _FAILURES as error:
            if upload and upload.failure:
                raise upload.failure from error
            raise from_exception(self._service, error) from error
        if not 200 <= response.status <= 599:
            response.close()
            raise DownstreamFailed(self._service, reason="status", upstream_status=response.status)
        return response

    async def _request(self, outgoing: ForwardRequest) -> aiohttp.ClientResponse:
        headers = [*_traced(outgoing.headers), (TIMEOUT_HEADER, str(int(outgoing.seconds * 1000)))]
        return await self._session.request(
            outgoing.method,
            self._url(outgoing),
            headers=headers,
            data=outgoing.body,
            allow_redirects=False,
            skip_auto_headers=_SILENT,
        )

    def _url(self, outgoing: ForwardRequest) -> URL:
        text = f"{self._base.url}{outgoing.path}"
        url = URL(f"{text}?{outgoing.query}" if outgoing.query else text, encoded=True)
        # The last look: what goes out is the path that was checked, at the service it is for.
        if (
            url.raw_path != self._base.path + outgoing.path
            or url.raw_host != self._base.host
            or url.port != self._base.port
        ):
            raise DownstreamFailed(self._service, reason="url")
        return url

    def _log(self, operation: str, error: BffError) -> None:
        if isinstance(error, DownstreamError):
            log.warning(
                "downstream_failed",
                service=self._service,
                operation=operation,
                code=error.code,
                **error.fields,
            )


def _traced(headers: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """With the trace as it goes on from here; the caller's own when nothing is traced."""
    ours = tracing().headers()
    if not ours:
        return list(headers)
    return [*((name, value) for name, value in headers if name not in _TRACE), *ours.items()]
