"""How long to wait before the next connection: longer each time, never all clients at once."""

from random import Random

FIRST_SECONDS = 0.5
LONGEST_SECONDS = 30.0
# What a server may ask for; more is no answer to a person who waits.
LONGEST_WANTED_SECONDS = 120.0


class Backoff:
    """Doubles with every connection that told nothing; one that did begins anew."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self._failures = 0

    def pause(self, *, heard: bool, wanted: float | None, prompt: bool) -> float:
        """Seconds; at least what the server wants. `prompt` is for an end of our own making."""
        self._failures = 0 if heard or prompt else self._failures + 1
        if prompt:
            return 0.0
        most = min(FIRST_SECONDS * 2 ** min(self._failures, 10), LONGEST_SECONDS)
        drawn = self._chance.uniform(most / 2, most)
        return drawn if wanted is None else wanted + self._chance.uniform(0.0, FIRST_SECONDS)


def seconds_in(header: str | None) -> float | None:
    """What `Retry-After` says; None for a date or nonsense."""
    if header is None or not header.isascii() or not header.isdigit():
        return None
    return min(float(header[:9]), LONGEST_WANTED_SECONDS)
