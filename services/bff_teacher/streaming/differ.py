"""What must be told so that a screen with the old state has the new one."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from services.bff_teacher.streaming.json_patch import JsonObject, merge_patch, patched

Batches = dict[str, JsonObject]
"""The state of a topic: batch id to the fields of that batch, none of them null."""

Word = Literal["batch_added", "batch_changed", "batch_removed"]
_FIELD = {"batch_added": "batch", "batch_changed": "patch"}


@dataclass(frozen=True, slots=True)
class Change:
    """One step from a state to the next; `content` is the batch, the patch, or nothing."""

    event: Word
    batch_id: str
    content: JsonObject | None = None

    def data(self, version: int) -> JsonObject:
        """What goes out, with the version of the state that it leads to."""
        told: JsonObject = {"version": version, "batch_id": self.batch_id}
        if self.content is not None:
            told[_FIELD[self.event]] = self.content
        return told


def diff(old: Batches, new: Batches) -> list[Change]:
    """The changes in the order in which they are told: what goes, what comes, what differs."""
    gone = [Change("batch_removed", one) for one in old if one not in new]
    come = [Change("batch_added", one, new[one]) for one in new if one not in old]
    patches = ((one, merge_patch(old[one], new[one])) for one in new if one in old)
    return [*gone, *come, *(Change("batch_changed", one, patch) for one, patch in patches if patch)]


def applied(state: Batches, changes: Iterable[Change]) -> Batches:
    """The state after the changes; the one given stays as it is."""
    batches = dict(state)
    for change in changes:
        if change.event == "batch_removed":
            batches.pop(change.batch_id, None)
        elif change.event == "batch_added":
            batches[change.batch_id] = change.content or {}
        else:
            batches[change.batch_id] = patched(batches[change.batch_id], change.content or {})
    return batches
