"""Settings of the services that take what a teacher sends: files, texts, new batches, starts."""

from bff_core.settings import Downstream, Operation
from services.bff_teacher.contracts.content import LARGEST_TEXT


class FileDownstream(Downstream):
    name: str = "files"
    url: str = "http://127.0.0.1:7001"
    state: Operation = Operation(
        budget=0.8, attempts=2, max_age=2, stale_while_revalidate=10, in_flight=16
    )
    # The file service takes up to 60 s to receive 16 MiB.
    upload: Operation = Operation(budget=60.0, attempts=1, in_flight=16)
    remove: Operation = Operation(budget=5.0, attempts=1, in_flight=8)


class ContentDownstream(Downstream):
    name: str = "content"
    url: str = "http://127.0.0.1:8000"
    # A text never changes under its id.
    text: Operation = Operation(
        budget=1.5, attempts=2, max_age=86_400, in_flight=32, max_bytes=LARGEST_TEXT
    )
    store: Operation = Operation(budget=3.0, attempts=1, in_flight=16)


class PlatformGatewayDownstream(Downstream):
    """The platform's own gateway: its write routes take the user from the token."""

    name: str = "platform_gateway"
    url: str = "http://127.0.0.1:8082"
    register_batch: Operation = Operation(budget=5.0, attempts=1, in_flight=16)
    # It asks for the preflight by itself, and waits 10 s for it.
    start_pipeline: Operation = Operation(budget=12.0, attempts=1, in_flight=16)
