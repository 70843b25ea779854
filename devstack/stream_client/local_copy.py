"""The client's copy of a topic: the snapshot and every change since, or nothing at all."""

from collections.abc import Mapping
from typing import Union

import msgspec

from devstack.stream_client.source import StreamEvent

Json = Union[None, bool, int, float, str, list["Json"], "JsonObject"]
JsonObject = dict[str, Json]

MAX_PATCH_DEPTH = 64
_CHANGES = frozenset({"batch_added", "batch_changed", "batch_removed"})
_KNOWN_EVENTS = frozenset({*_CHANGES, "snapshot", "activity", "resync", "end"})


class OutOfStep(ValueError):
    """An event that does not fit the copy or cannot be read; a new snapshot is needed."""


class LocalCopy:
    """`version` is None, and `batches` empty, until there is a snapshot."""

    def __init__(self) -> None:
        self.version: int | None = None
        self.batches: dict[str, JsonObject] = {}

    def apply(self, event: StreamEvent) -> JsonObject | None:
        """Apply one event; its data, or None for an unknown event.

        Raises:
            OutOfStep: It does not fit; the copy stays unchanged.
        """
        if event.event not in _KNOWN_EVENTS:
            return None
        try:
            data = _parse_object(event.data)
            if event.event == "resync":
                self.drop()
            elif event.event == "snapshot":
                items = _object(data["batches"]).items()
                self.version, self.batches = _version(data), {key: _object(v) for key, v in items}
            elif event.event in _CHANGES:
                self._change(event.event, data)
        except (ValueError, KeyError, TypeError) as error:
            raise OutOfStep(f"{event.event}: {error}") from error
        return data

    def drop(self) -> None:
        self.version, self.batches = None, {}

    def _change(self, event: str, data: JsonObject) -> None:
        version, batch_id = _version(data), data["batch_id"]
        if self.version is None or version != self.version + 1:
            raise ValueError(f"version {version} after {self.version}")
        if not isinstance(batch_id, str):
            raise ValueError(f"{type(batch_id).__name__} in place of an id")  # noqa: TRY004 - bad data
        changed = dict(self.batches)
        if event == "batch_added":
            changed[batch_id] = _object(data["batch"])
        elif event == "batch_changed":
            changed[batch_id] = _object(merge_patch(changed[batch_id], _object(data["patch"])))
        else:
            del changed[batch_id]
        self.version, self.batches = version, changed


def merge_patch(target: Json, patch: Json, depth: int = MAX_PATCH_DEPTH) -> Json:
    """A new value by JSON Merge Patch (RFC 7396).

    Raises:
        ValueError: The patch is nested too deep.
    """
    if not isinstance(patch, Mapping):
        return patch
    if depth == 0:
        raise ValueError(f"The patch is nested deeper than {MAX_PATCH_DEPTH}.")
    merged = dict(target) if isinstance(target, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), value, depth - 1)
    return merged


def _parse_object(text: str) -> JsonObject:
    try:
        return msgspec.json.decode(text, type=dict)
    except RecursionError as error:
        raise ValueError("nested too deep") from error


def _version(data: JsonObject) -> int:
    version = data["version"]
    if type(version) is not int:
        raise ValueError(f"{version!r} is no version")
    return version


def _object(value: Json) -> JsonObject:
    if not isinstance(value, dict):
        raise ValueError(f"{type(value).__name__} in place of an object")  # noqa: TRY004 - bad data
    return value
