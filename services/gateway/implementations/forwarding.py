"""Streams a request to a service and its response back, without buffering either."""

import asyncio
import time
from collections.abc import AsyncIterable, AsyncIterator, Sequence
from dataclasses import dataclass, field

import aiohttp
import structlog
from yarl import URL

from bff_core.client.call import TIMEOUT_HEADER
from bff_core.client.errors import from_exception
from bff_core.client.transport import close_last_connection
from bff_core.errors import (
    BffError,
    DownstreamError,
    DownstreamFailed,
    DownstreamTimeout,
    PayloadTooLarge,
    UpstreamAborted,
)
from bff_core.inputs import is_uuid
from bff_core.observability import Metrics, tracing
from bff_core.server import RequestTooSlow
from bff_core.settings import Downstream
from services.gateway.implementations.filters import InvalidResponseHeader, filter_response_headers

# Headers that aiohttp would add by itself; the client's own go on, or none.
_SKIPPED_HEADERS = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")
_FAILURES = (aiohttp.ClientError, OSError, ValueError)
"""A ValueError is a header or a host name that the libraries refuse."""
_CORRELATION_ID = "X-Correlation-ID"
_TRACE_HEADERS = frozenset({"traceparent", "tracestate"})

log = structlog.get_logger()


class Upload:
    """A request body that is streamed once: at most `limit` bytes.

    `failure` holds the error that ended it early.
    """

    def __init__(self, source: AsyncIterator[bytes], *, limit: int) -> None:
        self._source = source
        self._limit = limit
        self._started = False
        self.is_complete = False
        self.failure: BffError | None = None

    def __aiter__(self) -> AsyncIterator[bytes]:
        if self._started:
            # aiohttp repeats a PUT on a dead connection; the second would send an empty body.
            raise aiohttp.ClientConnectionError("a body cannot be sent twice")
        self._started = True
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
        self.is_complete = True


async def collect(chunks: AsyncIterable[bytes], *, limit: int) -> bytes | None:
    """All chunks as one body; None as soon as it is longer than `limit` bytes."""
    body = bytearray()
    async for chunk in chunks:
        body += chunk
        if len(body) > limit:
            return None
    return bytes(body)


@dataclass(frozen=True, slots=True)
class ForwardRequest:
    """A request to an upstream; `path` is raw and validated, `query` raw.

    `timeout` is in seconds, until the response begins.
    """

    operation: str
    method: str
    path: str
    query: str
    headers: Sequence[tuple[str, str]] = field(repr=False)
    body: Upload | bytes | None = field(repr=False)
    timeout: float


class UpstreamResponse:
    """A response whose head has arrived. Its owner closes it."""

    def __init__(self, service: str, origin: bytes, response: aiohttp.ClientResponse) -> None:
        self._service = service
        self._response = response
        self.status = response.status
        self.headers = filter_response_headers(response.raw_headers, origin)
        self.is_json = response.content_type == "application/json"
        self.is_event_stream = response.content_type == "text/event-stream"
        self.has_length = "Content-Length" in response.headers
        encoding = response.headers.get("Content-Encoding", "identity")
        self.is_encoded = encoding.lower() != "identity"

    async def read(self, *, limit: int, seconds: float) -> bytes:
        """The whole body.

        Raises:
            DownstreamError: It is longer than `limit` bytes, breaks off, or takes longer than
                `seconds`.
        """
        try:
            async with asyncio.timeout(seconds):
                body = await collect(self._response.content.iter_any(), limit=limit)
        except _FAILURES as error:
            raise from_exception(self._service, error) from error
        if body is None:
            raise DownstreamFailed(self._service, reason="too_large")
        return body

    def received_body(self) -> bytes | None:
        """The whole body if it has arrived already, else None."""
        content = self._response.content
        if not content.is_eof() or content.exception() is not None:
            return None
        return content.read_nowait()

    async def chunks(self, *, idle: float) -> AsyncIterator[bytes]:
        """The body as it arrives.

        Raises:
            UpstreamAborted: It broke off, or nothing arrived for `idle` seconds.
        """
        content = self._response.content
        try:
            while True:
                async with asyncio.timeout(idle):
                    chunk = await content.readany()
                if not chunk:
                    return
                yield chunk
        except _FAILURES as error:
            log.warning("upstream_aborted", service=self._service, reason=type(error).__name__)
            raise UpstreamAborted from error

    def close(self) -> None:
        """Release the connection; it is reused only if the body was read to its end."""
        if self._response.content.at_eof():
            self._response.release()
        else:
            self._response.close()


class Forwarder:
    """Forwards requests to one service."""

    def __init__(
        self, session: aiohttp.ClientSession, downstream: Downstream, metrics: Metrics
    ) -> None:
        self._session = session
        self._service = downstream.name
        self._base_url = downstream.url.removesuffix("/")
        self._origin = URL(self._base_url).origin()
        self._metrics = metrics

    async def send(self, request: ForwardRequest) -> UpstreamResponse:
        """Send the request and wait for the head of the response.

        Raises:
            DownstreamError: No usable head arrived in time.
            ClientError: The request's body could not be read.
        """
        with tracing().client_span(self._service, request.operation, request.method) as span:
            outcome = "ok"
            started = time.perf_counter()
            try:
                response = await self._response_head(request)
            except asyncio.CancelledError:
                outcome = "cancelled"
                raise
            except BffError as error:
                outcome = error.code.lower()
                if isinstance(error, DownstreamError):
                    log.warning(
                        "downstream_failed",
                        service=self._service,
                        operation=request.operation,
                        code=error.code,
                        **error.fields,
                    )
                raise
            finally:
                elapsed = time.perf_counter() - started
                span.set_outcome(outcome)
                self._metrics.observe_call(self._service, request.operation, outcome, elapsed)
        return response

    async def _response_head(self, request: ForwardRequest) -> UpstreamResponse:
        upload = request.body if isinstance(request.body, Upload) else None
        timeout_ms = str(int(request.timeout * 1000))
        try:
            async with asyncio.timeout(request.timeout):
                response = await self._session.request(
                    request.method,
                    self._target(request),
                    headers=[*_with_trace(request.headers), (TIMEOUT_HEADER, timeout_ms)],
                    data=request.body,
                    allow_redirects=False,
                    skip_auto_headers=_SKIPPED_HEADERS,
                )
        except TimeoutError as error:
            if upload and not upload.is_complete:
                raise RequestTooSlow from error
            raise DownstreamTimeout(self._service, reason=type(error).__name__) from error
        except _FAILURES as error:
            if upload and upload.failure:
                raise upload.failure from error
            raise from_exception(self._service, error) from error
        if not 200 <= response.status <= 599:
            response.close()
            raise DownstreamFailed(self._service, reason="status", upstream_status=response.status)
        if _answers_another(request, response):
            response.close()
            close_last_connection()
            raise DownstreamFailed(self._service, reason="other_request")
        try:
            return UpstreamResponse(self._service, str(self._origin).encode("ascii"), response)
        except InvalidResponseHeader as error:
            response.close()
            raise DownstreamFailed(self._service, reason="header") from error

    def _target(self, request: ForwardRequest) -> URL:
        query = f"?{request.query}" if request.query else ""
        url = URL(f"{self._base_url}{request.path}{query}", encoded=True)
        # A last check that the request goes to the validated path of its own service.
        if not url.raw_path.endswith(request.path) or url.origin() != self._origin:
            raise DownstreamFailed(self._service, reason="url")
        return url


def _answers_another(request: ForwardRequest, response: aiohttp.ClientResponse) -> bool:
    """True if the response names the id of another request: its connection is one behind.

    Services that send no such header, or no UUID in it, cannot be checked.
    """
    named = response.headers.get(_CORRELATION_ID, "")
    sent = {value for name, value in request.headers if name == _CORRELATION_ID}
    return is_uuid(named) and named.lower() not in sent


def _with_trace(headers: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The headers with this process's trace context; unchanged when nothing is traced."""
    trace = tracing().headers()
    if not trace:
        return list(headers)
    kept = [(name, value) for name, value in headers if name not in _TRACE_HEADERS]
    return [*kept, *trace.items()]
