"""A collector of traces in the test's own process: OTLP over HTTP, as a real one takes it."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass(frozen=True)
class Seen:
    """A span as it arrived; ids in hexadecimal, `parent` empty at the root."""

    service: str
    name: str
    kind: int
    trace: str
    span: str
    parent: str
    attributes: dict[str, str]


@dataclass
class Collector:
    url: str
    raw: list[bytes] = field(default_factory=list)
    spans: list[Seen] = field(default_factory=list)

    def wait_for(self, wanted: Callable[[list[Seen]], bool], *, seconds: float = 20) -> list[Seen]:
        """What has arrived when it is enough, or when nobody waits any longer."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and not wanted(list(self.spans)):
            time.sleep(0.05)
        return list(self.spans)

    def take(self, body: bytes) -> None:
        self.raw.append(body)
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            names = {one.key: one.value.string_value for one in resource.resource.attributes}
            for scope in resource.scope_spans:
                self.spans += [_seen(names["service.name"], span) for span in scope.spans]


def _seen(service: str, span: object) -> Seen:
    attributes = {
        one.key: one.value.string_value or str(one.value.int_value)
        for one in span.attributes  # type: ignore[attr-defined]  # generated code has no types
    }
    return Seen(
        service,
        span.name,  # type: ignore[attr-defined]  # the same
        span.kind,  # type: ignore[attr-defined]  # the same
        span.trace_id.hex(),  # type: ignore[attr-defined]  # the same
        span.span_id.hex(),  # type: ignore[attr-defined]  # the same
        span.parent_span_id.hex(),  # type: ignore[attr-defined]  # the same
        attributes,
    )


@contextmanager
def collecting() -> Iterator[Collector]:
    """Listening on a free port; what it takes is in `spans`."""
    collector = Collector("")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            collector.take(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    collector.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield collector
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)
