"""Streams pass without buffering, and each side learns of the other's end."""

import socket
import threading
import time
from contextlib import ExitStack

from bff_core.testing import bearer
from tests.e2e.attack.conftest import Edge, token
from tests.e2e.attack.upstream import RecordedRequest, Responder
from tests.e2e.attack.wire import closes, connect, read_response, request

EVENTS = "/bff/v1/teacher/events"
SSE = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n"
)
STREAMS = 100


def chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


class EventSource:
    """A stream that says what it is told to, and learns when nobody listens any more."""

    def __init__(self) -> None:
        self.clients: list[socket.socket] = []
        self.gone = threading.Semaphore(0)

    def answer(self) -> Responder:
        def stream(client: socket.socket, _: RecordedRequest) -> None:
            self.clients.append(client)
            client.sendall(SSE + chunk(b": hello\n\n"))
            client.settimeout(20)
            # Nothing more is asked on it: what ends the reading is the other side's end.
            client.recv(1)
            self.gone.release()

        return stream

    def say(self, data: bytes) -> None:
        for client in self.clients:
            client.sendall(chunk(data))


def listen(edge: Edge, stack: ExitStack) -> socket.socket:
    client = stack.enter_context(connect(edge.gateway.port))
    headers = [("Authorization", bearer(token())), ("Accept", "text/event-stream")]
    client.sendall(request("GET", EVENTS, headers))
    return client


def received(client: socket.socket, words: bytes, within: float = 30.0) -> bool:
    client.settimeout(within)
    data = b""
    while words not in data:
        more = client.recv(65536)
        if not more:
            return False
        data += more
    return True


def test_events_come_through_one_by_one(edge: Edge) -> None:
    source = EventSource()
    edge.teacher.answers[EVENTS] = source.answer()
    with ExitStack() as stack:
        client = listen(edge, stack)
        assert received(client, b": hello")

        for number in range(5):
            # The next one is not said before this one has come.
            source.say(b"data: %d\n\n" % number)
            assert received(client, b"data: %d" % number)


def test_a_listener_that_leaves_is_noticed_by_the_service(edge: Edge) -> None:
    source = EventSource()
    edge.teacher.answers[EVENTS] = source.answer()
    with ExitStack() as stack:
        assert received(listen(edge, stack), b": hello")

    assert source.gone.acquire(timeout=5)


def test_a_stream_that_ends_ends_for_the_listener(edge: Edge) -> None:
    def stream(client: socket.socket, _: RecordedRequest) -> None:
        client.sendall(SSE + chunk(b"data: last\n\n") + b"0\r\n\r\n")

    edge.teacher.answers[EVENTS] = stream
    reply = edge.as_teacher(target=EVENTS)

    assert (reply.body, reply.ended) == (b"data: last\n\n", "chunk")


def test_a_stream_whose_service_dies_is_cut_for_the_listener(edge: Edge) -> None:
    source = EventSource()
    edge.teacher.answers[EVENTS] = source.answer()
    with ExitStack() as stack:
        client = listen(edge, stack)
        assert received(client, b": hello")

        source.clients[0].shutdown(socket.SHUT_RDWR)

        assert closes(client)


def test_a_stream_outlives_the_time_that_answers_have(edge: Edge) -> None:
    source = EventSource()
    edge.teacher.answers[EVENTS] = source.answer()
    with ExitStack() as stack:
        client = listen(edge, stack)
        assert received(client, b": hello")

        # The fixture's budget for the head of an answer is 2 seconds.
        time.sleep(2.5)
        source.say(b"data: late\n\n")

        assert received(client, b"data: late")


def test_many_streams_share_one_process(edge: Edge) -> None:
    source = EventSource()
    edge.teacher.answers[EVENTS] = source.answer()
    with ExitStack() as stack:
        clients = []
        for _ in range(STREAMS):
            # One after the other: until its head arrives, a stream is a request in flight.
            clients.append(listen(edge, stack))
            assert received(clients[-1], b": hello")

        source.say(b"data: all\n\n")

        assert all(received(client, b"data: all") for client in clients)
        assert edge.as_teacher().status == 200
    for _ in range(STREAMS):
        assert source.gone.acquire(timeout=5)


def test_an_upload_goes_on_while_it_arrives(edge: Edge) -> None:
    target = "/bff/v1/teacher/upload"
    # More than the gateway reads before it asks.
    first = b"x" * 70_000
    head = f"POST {target} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(first) + 5}\r\n"
    with connect(edge.gateway.port) as client:
        client.sendall(f"{head}Authorization: {bearer(token())}\r\n\r\n".encode() + first)
        arrived = edge.teacher.arrives(first)
        client.sendall(b"again")
        reply = read_response(client)

    assert arrived
    assert reply.status == 200
    assert edge.teacher.seen[0].body == first + b"again"
