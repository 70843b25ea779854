"""What may be asked of the content service."""

import re

LARGEST_TEXT = 1024 * 1024
"""Bytes. An essay has some thousands; whatever is larger is not one."""

_STORAGE_ID = re.compile(r"[0-9a-f]{32}")


def is_storage_id(text: str) -> bool:
    """Whether it is an id in the one spelling that the content service knows."""
    return _STORAGE_ID.fullmatch(text) is not None
