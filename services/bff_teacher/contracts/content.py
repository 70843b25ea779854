"""Storage ids and text sizes of the content service."""

import re

import msgspec

LARGEST_TEXT = 1024 * 1024
"""Bytes; an essay has some thousands."""

_STORAGE_ID = re.compile(r"[0-9a-f]{32}")


def is_storage_id(text: str) -> bool:
    """Accepts only the one spelling that the content service stores: 32 hexadecimal digits."""
    return _STORAGE_ID.fullmatch(text) is not None


class StoredText(msgspec.Struct, frozen=True):
    storage_id: str
