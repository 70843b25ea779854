"""Leaves out of a JSON text the lists that nobody reads, without reading them.

Where a decoder has to look at each byte of what it skips, this looks for the two ends. What tells
them is how quotes stand in valid JSON: one behind a comma is not escaped, and what ends a string is
never followed by a letter. So `,"essays":[` is a name and the beginning of its list, `],"c` the end
of some list and the beginning of a name, neither of them a piece of a string; and where no bracket
opens between the two, it is the end of that list.
"""

import re
from collections.abc import Callable

# As Python writes it, and as it does without spaces; any other spelling is left as it is.
_SPELLINGS = (', "%s": [', ',"%s":[')
_NEXT_NAME = re.compile(rb'\], ?"[A-Za-z]').match


def array_stripper(name: str) -> Callable[[bytes], bytes]:
    """What empties each list of that name, at any depth, whose ends can be told; others stay.

    Of a text that is no JSON, what is left is none either, or lost what spoilt it with a list.
    """
    beginnings = tuple((spelling % name).encode() for spelling in _SPELLINGS)
    quoted = f'"{name}"'.encode()

    def emptied(text: bytes) -> bytes:
        first = text.find(quoted)
        for beginning in beginnings:
            # The text is spelled alike throughout, so its first such name tells which way.
            at = first - beginning.index(b'"')
            if at >= 0 and text.startswith(beginning, at):
                return _emptied(text, beginning)
        return text

    return emptied


def _emptied(text: bytes, beginning: bytes) -> bytes:
    left: list[bytes] = []
    done, found = 0, text.find(beginning)
    while found >= 0:
        first = found + len(beginning)
        end = text.find(b"]", first)
        # Where a bracket opens in between, or no name follows, only a decoder can tell the end.
        if end >= 0 and text.find(b"[", first, end) < 0 and _NEXT_NAME(text, end):
            left.append(text[done:first])
            done = first = end
        found = text.find(beginning, first)
    left.append(text[done:])
    return b"".join(left)
