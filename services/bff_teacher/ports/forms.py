"""A multipart form whose parts are read as they arrive."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """Bytes that a body may have, seconds of silence in it, and its parts."""

    size: int
    idle: float
    parts: int


@dataclass(frozen=True, slots=True)
class PartHead:
    """The beginning of a part; without `filename` it is a field."""

    name: str | None
    filename: str | None


@dataclass(frozen=True, slots=True)
class PartData:
    data: bytes
    is_last: bool


class FormBody(Protocol):
    """A multipart body, read once."""

    def parts(self, limits: BodyLimits) -> AsyncGenerator[PartHead | PartData, None]:
        """Each part's head, then its data in pieces.

        Raises:
            InvalidRequest: It is no multipart form, or broke off.
            PayloadTooLarge, RequestTooSlow: It goes beyond a limit.
        """
        ...
