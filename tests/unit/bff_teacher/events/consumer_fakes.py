"""A source that a test feeds, a store in memory, and a listener that remembers."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from bff_core.context import UserId
from bff_core.errors import Unavailable
from services.bff_teacher.confirmations.upload import FileOutcome
from services.bff_teacher.events.model import Fact, FactKey, FactKind, merge_all
from services.bff_teacher.events.source import Message, SourceLost
from services.bff_teacher.events.store import Reject, Written


class FedSource:
    """Gives each list of messages in one poll; what was not taken is given to the next source."""

    def __init__(self, feed: list[list[Message]], taken: list[Message]) -> None:
        self._feed = feed
        self._taken = taken
        self.refuses = False
        self.silent = False
        self.stopped = False

    async def start(self) -> None:
        if self.refuses:
            raise SourceLost("refused")

    async def poll(self, seconds: float) -> Sequence[Message]:
        if self._feed:
            return self._feed.pop(0)
        await asyncio.sleep(seconds)
        return []

    async def commit(self, messages: Sequence[Message]) -> bool:
        self._taken += messages
        return True

    async def lag(self) -> int | None:
        if self.silent:
            raise SourceLost("silent")
        return sum(map(len, self._feed))

    async def stop(self) -> None:
        self.stopped = True


class MemoryFacts:
    """The contract of the store, as far as the consumer uses it; `failures` come first."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.facts: dict[FactKey, Fact] = {}
        self.rejects: list[Reject] = []
        self.pruned_before: datetime | None = None

    async def write(self, arrived: Sequence[Fact]) -> Written:
        if self.failures:
            self.failures -= 1
            raise Unavailable
        merged = merge_all([*self.facts.values(), *arrived])
        changed = [fact for key, fact in merged.items() if self.facts.get(key) != fact]
        self.facts = merged
        return Written(changed, await self.owners({fact.batch_id for fact in changed}))

    async def owners(self, batch_ids: Collection[str]) -> dict[str, UserId]:
        registered = [one for one in self.facts.values() if one.kind is FactKind.REGISTERED]
        owners = {one.batch_id: UserId(str(one.data["owner"])) for one in registered}
        return {batch_id: owners[batch_id] for batch_id in batch_ids if batch_id in owners}

    async def reject(self, refused: Sequence[Reject], at: datetime) -> None:
        self.rejects += refused

    async def count_rejects(self) -> int:
        return len(self.rejects)

    async def prune(self, before: datetime) -> int:
        self.pruned_before = before
        return 0


class Remembering:
    """`failures` of its records come first."""

    def __init__(self) -> None:
        self.failures = 0
        self.facts: list[tuple[str, list[str]]] = []
        self.files: list[FileOutcome] = []

    async def on_facts(self, facts_by_owner: Mapping[UserId, Sequence[Fact]]) -> None:
        for owner, facts in facts_by_owner.items():
            self.facts.append((owner, [fact.kind.value for fact in facts]))

    async def on_file(self, outcome: FileOutcome) -> None:
        if self.failures:
            self.failures -= 1
            raise Unavailable
        self.files.append(outcome)
