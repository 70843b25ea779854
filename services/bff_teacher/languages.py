"""Language negotiation."""

from collections.abc import Sequence

from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

MAX_HEADER_LENGTH = 1000


def preferred(accept_language: str, available: Sequence[str]) -> str:
    """The best of `available` for an Accept-Language header; the first when the header decides nothing."""
    accepted = parse_accept_header(accept_language[:MAX_HEADER_LENGTH], LanguageAccept)
    # By primary tag: werkzeug prefers a language named exactly to `sv-SE` for `sv`.
    primary = LanguageAccept((tag.partition("-")[0], quality) for tag, quality in accepted)
    return primary.best_match(available, default=available[0]) or available[0]
