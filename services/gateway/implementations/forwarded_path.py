"""Validates raw paths: a path that two servers could read differently is not forwarded."""

import re
import unicodedata
from urllib.parse import unquote_to_bytes

from bff_core.errors import InvalidRequest

REFUSAL = "The path cannot be passed on"
_PLAIN_PATH = re.compile(rb"(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*/?")
_RAW_PATH = re.compile(rb"(?:[A-Za-z0-9._~!$&'()*+,=:@/-]|%[0-9A-Fa-f]{2})*")
_FORBIDDEN = frozenset("/\\;%\u2044\u2215")


def checked_path(raw: bytes, prefix: str) -> str:
    """The raw path as text, unchanged, if every server reads it the same way.

    Raises:
        InvalidRequest: It leaves `prefix`, or holds a dot segment, an empty segment, an encoded
            slash, a backslash, a semicolon, a control character, or is encoded twice or badly.
    """
    rest = raw.removeprefix(prefix.encode("ascii"))
    if rest == raw or not (rest == b"" or rest.startswith(b"/")):
        raise InvalidRequest(REFUSAL)
    if not _PLAIN_PATH.fullmatch(rest):
        *segments, last = rest.removeprefix(b"/").split(b"/")
        if last:
            segments.append(last)
        if not _RAW_PATH.fullmatch(rest) or not all(map(_is_safe_segment, segments)):
            raise InvalidRequest(REFUSAL)
    return raw.decode("ascii")


def _is_safe_segment(segment: bytes) -> bool:
    try:
        text = unquote_to_bytes(segment).decode("utf-8")
    except UnicodeDecodeError:
        return False
    # Characters that another server's normalisation turns into a slash or a dot are refused too.
    return (
        text not in {"", ".", ".."}
        and text.isprintable()
        and not _FORBIDDEN & set(text)
        and (text.isascii() or unicodedata.normalize("NFKC", text) == text)
    )
