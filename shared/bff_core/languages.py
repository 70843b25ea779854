"""Which of the languages that we speak a caller would rather read."""

import re
from collections.abc import Sequence

_RANGE = re.compile(
    r"(?P<tag>\*|[a-z]{1,8}(?:-[a-z0-9]{1,8})*)(?:\s*;\s*q=(?P<weight>0(?:\.\d{0,3})?|1(?:\.0{0,3})?))?",
    re.IGNORECASE | re.ASCII,
)
_LONGEST = 1000


def preferred(accepted: str, spoken: Sequence[str]) -> str:
    """The best of `spoken` by an Accept-Language header; its first when nothing else decides.

    `sv-SE` asks for `sv`; among equals our own order counts; what cannot be read is passed over.
    """
    weights = _weights(accepted)
    best = max(spoken, key=lambda language: _weight(language, weights))
    return best if _weight(best, weights) > 0 else spoken[0]


def _weights(accepted: str) -> dict[str, float]:
    """The weight of each language; of `sv-SE` and `sv-FI`, the higher counts for `sv`."""
    weights: dict[str, float] = {}
    for part in accepted[:_LONGEST].split(","):
        found = _RANGE.fullmatch(part.strip())
        if found:
            language = found["tag"].partition("-")[0].lower()
            weight = 1.0 if found["weight"] is None else float(found["weight"])
            weights[language] = max(weights.get(language, 0.0), weight)
    return weights


def _weight(language: str, weights: dict[str, float]) -> float:
    return weights.get(language, weights.get("*", 0.0))
