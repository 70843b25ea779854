"""JSON Merge Patch (RFC 7396) for objects that contain no null."""

from bff_core.json_values import json_equal

JsonValue = None | bool | int | float | str | list["JsonValue"] | dict[str, "JsonValue"]
JsonObject = dict[str, JsonValue]


def make_patch(old: JsonObject, new: JsonObject) -> JsonObject:
    """The smallest patch that turns `old` into `new`; a changed list is sent whole."""
    patch: JsonObject = dict.fromkeys(old.keys() - new.keys())
    for name, value in new.items():
        before = old.get(name)
        if isinstance(before, dict) and isinstance(value, dict):
            nested = make_patch(before, value)
            if nested:
                patch[name] = nested
        elif name not in old or not json_equal(before, value):
            patch[name] = value
    return patch


def apply_patch(target: JsonObject, patch: JsonObject) -> JsonObject:
    """The target with the patch merged into it; neither argument is modified."""
    merged = dict(target)
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        elif isinstance(value, dict):
            nested = merged.get(name)
            merged[name] = apply_patch(nested if isinstance(nested, dict) else {}, value)
        else:
            merged[name] = value
    return merged
