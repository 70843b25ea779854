"""Decoders from response bodies to the structs of a service's `contracts`."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

import msgspec
from pydantic_core import from_json

from bff_core.client.call import Undecodable

T = TypeVar("T")


class JsonDecoder(Generic[T]):
    """Decodes JSON into `kind`.

    msgspec refuses a bare `NaN` even in a field that it skips, and one invalid row fails a page. A
    body that it refuses is parsed again by a lenient parser and then converted. `rows` names a list
    whose invalid items are left out and counted in the field `skipped`. `on_salvage` is called when
    the lenient parser was needed.
    """

    def __init__(
        self,
        kind: type[T],
        *,
        rows: str | None = None,
        on_salvage: Callable[[], None] = lambda: None,
    ) -> None:
        self._kind = kind
        self._rows = rows
        self._row_kind: Any = None
        if rows:
            fields = msgspec.structs.fields(kind)  # type: ignore[arg-type]  # `rows` are a struct's
            types = {field.encode_name: field.type for field in fields}
            self._row_kind = types[rows].__args__[0]
        self._decoder = msgspec.json.Decoder(kind)
        self._on_salvage = on_salvage

    def __call__(self, body: bytes) -> T:
        """Decode.

        Raises:
            Undecodable: The lenient parser cannot make it fit the contract either.
        """
        try:
            return self._decoder.decode(body)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            return self._salvage(body)

    def _salvage(self, body: bytes) -> T:
        try:
            found: Any = from_json(body)
            if self._rows and isinstance(found, dict) and isinstance(found.get(self._rows), list):
                found = self._without_invalid_rows(found, self._rows)
            value = msgspec.convert(found, self._kind)
        except (ValueError, RecursionError) as error:
            raise Undecodable(type(error).__name__) from error
        self._on_salvage()
        return value

    def _without_invalid_rows(self, page: dict[str, Any], rows: str) -> dict[str, Any]:
        valid = []
        for row in page[rows]:
            try:
                valid.append(msgspec.to_builtins(msgspec.convert(row, self._row_kind)))
            except msgspec.ValidationError:
                continue
        return page | {rows: valid, "skipped": len(page[rows]) - len(valid)}


def text(body: bytes) -> str:
    """Decode UTF-8; invalid bytes become replacement characters."""
    return body.decode("utf-8", errors="replace")
