"""JSON Merge Patch (RFC 7396)."""

from collections.abc import Mapping

from devstack.stream_client.json_text import Json

MAX_DEPTH = 64


def merge(target: Json, patch: Json, depth: int = MAX_DEPTH) -> Json:
    """A new value; null in the patch takes a member away, what is no object replaces.

    Raises:
        ValueError: The patch is nested deeper than any of ours.
    """
    if not isinstance(patch, Mapping):
        return patch
    if depth == 0:
        raise ValueError(f"The patch is nested deeper than {MAX_DEPTH}.")
    merged = dict(target) if isinstance(target, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge(merged.get(name), value, depth - 1)
    return merged
