"""From a downstream's bytes to the structs of `contracts`, forgiving what the platform does."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

import msgspec
from pydantic_core import from_json

from bff_core.client.array_stripper import array_stripper
from bff_core.client.call import Undecodable

T = TypeVar("T")


class JsonDecoder(Generic[T]):
    """Decodes JSON into `kind`.

    msgspec refuses a bare `NaN` even in fields that we skip, and one odd row fails a whole page.
    So what it refuses gets one second try: a lenient parser, then the same contract. `rows` names
    a list whose unreadable items are left out; how many goes into the field `skipped`. `unread`
    names lists that are no part of the contract and too long to be looked at. `on_salvage` is told
    when the second try was needed.
    """

    def __init__(
        self,
        kind: type[T],
        *,
        rows: str | None = None,
        unread: str | None = None,
        on_salvage: Callable[[], None] = lambda: None,
    ) -> None:
        self._kind = kind
        self._rows = rows
        self._row_kind = _fields_of(kind)[rows].__args__[0] if rows else None
        self._fast = msgspec.json.Decoder(kind)
        if unread in {*_fields_of(kind), *_fields_of(self._row_kind)}:
            raise ValueError(f"the contract reads {unread}")
        self._shortened = array_stripper(unread) if unread else _whole
        self._on_salvage = on_salvage

    def __call__(self, body: bytes) -> T:
        """Decode.

        Raises:
            Undecodable: Not even the lenient parser finds what the contract asks for.
        """
        try:
            return self._fast.decode(self._shortened(body))
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            return self._salvage(body)

    def _salvage(self, body: bytes) -> T:
        try:
            found: Any = from_json(body)
            if self._rows and isinstance(found, dict) and isinstance(found.get(self._rows), list):
                found = self._without_bad_rows(found, self._rows)
            value = msgspec.convert(found, self._kind)
        except (ValueError, RecursionError) as error:
            raise Undecodable(type(error).__name__) from error
        self._on_salvage()
        return value

    def _without_bad_rows(self, page: dict[str, Any], rows: str) -> dict[str, Any]:
        good = []
        for row in page[rows]:
            try:
                good.append(msgspec.to_builtins(msgspec.convert(row, self._row_kind)))
            except msgspec.ValidationError:
                continue
        return page | {rows: good, "skipped": len(page[rows]) - len(good)}


def _whole(body: bytes) -> bytes:
    return body


def _fields_of(kind: Any) -> dict[str, Any]:
    """Types by name, as JSON has it; none of what is no struct."""
    is_struct = isinstance(kind, type) and issubclass(kind, msgspec.Struct)
    found = msgspec.structs.fields(kind) if is_struct else ()
    return {field.encode_name: field.type for field in found}


def text(body: bytes) -> str:
    """UTF-8, with what is not replaced."""
    return body.decode("utf-8", errors="replace")
