"""Topics of streams, the state of a topic, and the changes between two states."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from bff_core.context import UserId
from services.bff_teacher.dto.language_v1 import LanguageV1
from services.bff_teacher.live.merge_patch import JsonObject, apply_patch, make_patch

LIST_TOPIC = "list"

Batches = dict[str, JsonObject]
"""The state of a topic: batch id to the fields of that batch. No field is null."""


@dataclass(frozen=True, slots=True)
class StreamTopic:
    """A user's list of batches or, with `batch_id`, one batch.

    `language` is the language of a batch's failure texts; a list has none.
    """

    user_id: UserId
    batch_id: str | None = None
    language: LanguageV1 | None = None

    @property
    def name(self) -> str:
        """Unique for the user; part of Redis keys and messages, so without spaces and braces."""
        return f"{self.batch_id}:{self.language}" if self.batch_id else LIST_TOPIC


@dataclass(frozen=True, slots=True)
class StateChange:
    """One change; `content` is the added batch, the merge patch, or None for a removal."""

    event: Literal["batch_added", "batch_changed", "batch_removed"]
    batch_id: str
    content: JsonObject | None = None

    def data(self, version: int) -> JsonObject:
        """The event's data; `version` is the version of the state after the change."""
        data: JsonObject = {"version": version, "batch_id": self.batch_id}
        if self.event == "batch_added":
            data["batch"] = self.content
        elif self.event == "batch_changed":
            data["patch"] = self.content
        return data


def diff(old: Batches, new: Batches) -> list[StateChange]:
    """The changes in the order in which they are sent: removed, added, changed."""
    changes = [StateChange("batch_removed", batch_id) for batch_id in old if batch_id not in new]
    for batch_id, fields in new.items():
        if batch_id not in old:
            changes.append(StateChange("batch_added", batch_id, fields))
    for batch_id, fields in new.items():
        patch = make_patch(old[batch_id], fields) if batch_id in old else {}
        if patch:
            changes.append(StateChange("batch_changed", batch_id, patch))
    return changes


def apply_changes(state: Batches, changes: Iterable[StateChange]) -> Batches:
    """The state after the changes; the argument is not modified."""
    batches = dict(state)
    for change in changes:
        if change.event == "batch_removed":
            batches.pop(change.batch_id, None)
        elif change.event == "batch_added":
            batches[change.batch_id] = change.content or {}
        else:
            patch = change.content or {}
            batches[change.batch_id] = apply_patch(batches[change.batch_id], patch)
    return batches
