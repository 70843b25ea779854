"""Whether a raw path may be passed on as it is: what looks like a way out is refused."""

import re
import unicodedata
from urllib.parse import unquote_to_bytes

from bff_core.errors import InvalidRequest

REFUSAL = "The path cannot be passed on"
_PLAIN = re.compile(rb"(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*/?")
_RAW = re.compile(rb"(?:[A-Za-z0-9._~!$&'()*+,=:@/-]|%[0-9A-Fa-f]{2})*")
_NEVER = frozenset("/\\;%\u2044\u2215")


def checked_path(raw: bytes, prefix: str) -> str:
    """The raw path as text, unchanged, when every server reads it the same way.

    Raises:
        InvalidRequest: It leaves `prefix`, or holds a dot segment, an empty segment, an encoded
            slash, a backslash, a semicolon, a control character, or is encoded twice or badly.
    """
    rest = raw.removeprefix(prefix.encode("ascii"))
    if rest == raw or not (rest == b"" or rest.startswith(b"/")):
        raise InvalidRequest(REFUSAL)
    if not _PLAIN.fullmatch(rest):
        _check_oddities(rest)
    return raw.decode("ascii")


def _check_oddities(rest: bytes) -> None:
    segments = rest.removeprefix(b"/").split(b"/")
    last = len(segments) - 1
    if not _RAW.fullmatch(rest) or not all(
        _is_harmless(segment, may_be_empty=number == last)
        for number, segment in enumerate(segments)
    ):
        raise InvalidRequest(REFUSAL)


def _is_harmless(segment: bytes, *, may_be_empty: bool) -> bool:
    try:
        text = unquote_to_bytes(segment).decode("utf-8")
    except UnicodeDecodeError:
        return False
    if text in {"", ".", ".."}:
        return may_be_empty and not text
    # What another server's normalisation turns into a slash or a dot is refused as well.
    return (
        text.isprintable()
        and not _NEVER & set(text)
        and (text.isascii() or unicodedata.normalize("NFKC", text) == text)
    )
