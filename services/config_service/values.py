"""Values of settings, and their canonical JSON text."""

import json

from pydantic import JsonValue

Values = dict[str, JsonValue]


def canonical_json(value: object) -> str:
    """Write JSON with sorted keys, no blanks and ASCII only."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
    )
