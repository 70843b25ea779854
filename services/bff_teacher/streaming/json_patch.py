"""JSON Merge Patch (RFC 7396) of objects that hold no null: absent is what null would say."""

from bff_core.json_values import json_equal

JsonValue = None | bool | int | float | str | list["JsonValue"] | dict[str, "JsonValue"]
JsonObject = dict[str, JsonValue]


def merge_patch(old: JsonObject, new: JsonObject) -> JsonObject:
    """The smallest patch that makes `new` of `old`; lists are replaced whole."""
    patch: JsonObject = dict.fromkeys(old.keys() - new.keys())
    for name, value in new.items():
        before = old.get(name)
        if isinstance(before, dict) and isinstance(value, dict):
            inner = merge_patch(before, value)
            if inner:
                patch[name] = inner
        elif name not in old or not json_equal(before, value):
            patch[name] = value
    return patch


def patched(target: JsonObject, patch: JsonObject) -> JsonObject:
    """The target with the patch merged into it; neither is changed."""
    merged = dict(target)
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        elif isinstance(value, dict):
            inner = merged.get(name)
            merged[name] = patched(inner if isinstance(inner, dict) else {}, value)
        else:
            merged[name] = value
    return merged
