"""The client's copy of a topic: what the snapshot said and every change since, or nothing at all."""

from collections.abc import Callable

from devstack.stream_client.json_text import Json, JsonObject, object_in
from devstack.stream_client.merge_patch import merge
from devstack.stream_client.server_events import ServerEvent

Batches = dict[str, JsonObject]


class OutOfStep(ValueError):
    """An event does not fit the copy, or cannot be read: only a new snapshot helps."""


class LocalCopy:
    """`version` is None, and `batches` empty, until there is a snapshot."""

    def __init__(self) -> None:
        self.version: int | None = None
        self.batches: Batches = {}
        self._by_event: dict[str, Callable[[JsonObject], None]] = {
            "snapshot": self._replace,
            "batch_added": self._add,
            "batch_changed": self._change,
            "batch_removed": self._remove,
        }

    def apply(self, event: ServerEvent) -> JsonObject | None:
        """Follow one event; its data, or None for one that we do not know.

        Raises:
            OutOfStep: It does not fit; the copy is as it was.
        """
        if event.event not in {*self._by_event, "activity", "resync", "end"}:
            return None
        try:
            data = object_in(event.data)
            if event.event == "resync":
                self.drop()
            elif event.event in self._by_event:
                self._by_event[event.event](data)
        except (ValueError, KeyError, TypeError) as error:
            raise OutOfStep(f"{event.event}: {error}") from error
        return data

    def drop(self) -> None:
        self.version, self.batches = None, {}

    def _replace(self, data: JsonObject) -> None:
        batches = {name: _object(one) for name, one in _object(data["batches"]).items()}
        self.version, self.batches = _version(data), batches

    def _add(self, data: JsonObject) -> None:
        version, batch_id = self._next(data), _text(data["batch_id"])
        self.batches = {**self.batches, batch_id: _object(data["batch"])}
        self.version = version

    def _change(self, data: JsonObject) -> None:
        version, batch_id = self._next(data), _text(data["batch_id"])
        changed = _object(merge(self.batches[batch_id], _object(data["patch"])))
        self.batches = {**self.batches, batch_id: changed}
        self.version = version

    def _remove(self, data: JsonObject) -> None:
        version, batch_id = self._next(data), _text(data["batch_id"])
        if batch_id not in self.batches:
            raise KeyError(batch_id)
        self.batches = {name: one for name, one in self.batches.items() if name != batch_id}
        self.version = version

    def _next(self, data: JsonObject) -> int:
        version = _version(data)
        if self.version is None or version != self.version + 1:
            raise ValueError(f"version {version} after {self.version}")
        return version


def _version(data: JsonObject) -> int:
    version = data["version"]
    if type(version) is not int:
        raise ValueError(f"{version!r} is no version")
    return version


def _object(value: Json) -> JsonObject:
    if not isinstance(value, dict):
        raise ValueError(f"{type(value).__name__} where an object belongs")  # noqa: TRY004 - bad data
    return value


def _text(value: Json) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{type(value).__name__} where an id belongs")  # noqa: TRY004 - bad data
    return value
