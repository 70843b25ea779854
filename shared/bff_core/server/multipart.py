"""Parts of a multipart form as they arrive; Werkzeug finds the boundaries."""

from collections.abc import AsyncGenerator, Iterator

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import (
    Data,
    Epilogue,
    Event,
    Field,
    File,
    MultipartDecoder,
    NeedData,
)

from bff_core.errors import InvalidRequest, PayloadTooLarge
from bff_core.forms import BodyLimits, PartData, PartHead
from bff_core.server.streamed_body import StreamedBody

PIECE_BYTES = 64 * 1024
MAX_BUFFER_BYTES = 4 * PIECE_BYTES
"""Bytes between two events: headers of a part, or what follows the last one."""
MAX_BOUNDARY_BYTES = 200
"""RFC 2046 allows 70; some clients use more."""


class StreamedForm:
    def __init__(self, body: StreamedBody) -> None:
        self._body = body

    async def parts(self, limits: BodyLimits) -> AsyncGenerator[PartHead | PartData, None]:
        decoder = MultipartDecoder(
            _boundary_of(self._body.content_type),
            max_form_memory_size=MAX_BUFFER_BYTES,
            max_parts=limits.parts,
        )
        async for chunk in self._body.chunks(limit=limits.size, idle=limits.idle):
            for start in range(0, len(chunk), PIECE_BYTES):
                for part in _decoded(decoder, chunk[start : start + PIECE_BYTES]):
                    yield part
        for part in _decoded(decoder, None):
            yield part


def _boundary_of(content_type: str) -> bytes:
    boundary = parse_options_header(content_type)[1].get("boundary", "").encode("latin-1", "ignore")
    if not 0 < len(boundary) <= MAX_BOUNDARY_BYTES:
        raise InvalidRequest("The multipart body has no boundary")
    return boundary


def _decoded(decoder: MultipartDecoder, data: bytes | None) -> Iterator[PartHead | PartData]:
    """The parts that end in, or go on with, these bytes; None stands for the end of the body."""
    try:
        decoder.receive_data(data)
        while not isinstance(event := decoder.next_event(), NeedData | Epilogue):
            part = _part_of(event)
            if part is not None:
                yield part
    except RequestEntityTooLarge as error:
        raise PayloadTooLarge(
            "The multipart body has too many parts, or too large heads"
        ) from error
    except (ValueError, AttributeError) as error:
        # The decoder fails with an AttributeError on a part without a line break before its data.
        raise InvalidRequest("The multipart body cannot be read") from error


def _part_of(event: Event) -> PartHead | PartData | None:
    match event:
        case File(name=name, filename=filename):
            return PartHead(name, filename)
        case Field(name=name):
            return PartHead(name, None)
        case Data(data=data, more_data=more):
            return PartData(data, is_last=not more)
    return None
