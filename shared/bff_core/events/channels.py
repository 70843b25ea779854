"""Redis channels of users, in the platform's envelope."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from bff_core.context import UserId

_encode = msgspec.json.Encoder(order="deterministic").encode


@dataclass(frozen=True, slots=True)
class UserChannels:
    """Where users are told, and who says so.

    `templates` name channels with `{user_id}` in them; without any, nobody is told. `source` goes
    into every message, so that whoever publishes on a channel it listens to knows its own.
    """

    templates: Sequence[str] = ()
    source: str = ""

    def messages(
        self, user_id: UserId, event: str, data: Mapping[str, object]
    ) -> Iterator[tuple[str, bytes]]:
        """Channel and message, to be published with whatever they must not be parted from."""
        if not self.templates:
            return
        message = _encode({"event": event, "data": {**data, "source": self.source}})
        for template in self.templates:
            yield template.replace("{user_id}", user_id), message

    def are_ours(self, data: Mapping[str, object]) -> bool:
        """Whether these data were published by us."""
        return data.get("source") == self.source


NO_CHANNELS = UserChannels()
