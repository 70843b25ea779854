"""Passes facts on to the streams of their owner, and outcomes of files to the records."""

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

import msgspec

from bff_core.clock import to_wire
from bff_core.context import UserId
from services.bff_teacher.confirmations.upload import FileOutcome, Uploads
from services.bff_teacher.dto.language_v1 import LanguageV1
from services.bff_teacher.events.model import Fact, FactKind
from services.bff_teacher.live.event_log import ActivityEvent, EventLog, EventLogUnavailable
from services.bff_teacher.live.state import StreamTopic
from services.bff_teacher.live.updates import LiveStreams
from services.bff_teacher.ports import CachedReads
from services.bff_teacher.screens.file_checks import file_reason

ACTIVITIES: Mapping[FactKind, str] = {
    FactKind.FILES_COMPLETE: "files_complete",
    FactKind.MATCHED: "matching_ended",
    FactKind.CONFIRMED: "matches_confirmed",
    FactKind.AUTO_CONFIRMED: "matches_auto_confirmed",
    FactKind.READY: "batch_ready",
    FactKind.START_DENIED: "start_denied",
    FactKind.ASSESSMENT_FAILED: "assessment_failed",
}
"""Facts of which no notification of the platform tells; of the others one does, or none need be."""
MAX_ACTIVITIES = 100
"""Activities for one user from one read of events; their screens are read again in any case."""

_encode = msgspec.json.Encoder(order="deterministic").encode


class FactAnnouncer:
    """`FactListener` over the caches, the records of uploads, and the streams of all replicas.

    Without an event log there are no streams.
    """

    def __init__(
        self,
        reads: CachedReads,
        live: LiveStreams,
        uploads: Uploads,
        event_log: EventLog | None,
    ) -> None:
        self._reads = reads
        self._live = live
        self._uploads = uploads
        self._event_log = event_log

    async def on_facts(self, facts_by_owner: Mapping[UserId, Sequence[Fact]]) -> None:
        for user_id, facts in facts_by_owner.items():
            if self._event_log is not None:
                # Streams that cannot be reached are ended, and begin with the state.
                with suppress(EventLogUnavailable):
                    await self._tell(self._event_log, user_id, facts)
            await self._wake(user_id)

    async def on_file(self, outcome: FileOutcome) -> None:
        code = outcome.reason
        reason = None if code is None else file_reason(code)
        await self._uploads.record(replace(outcome, reason=reason))
        await self._wake(outcome.user_id)

    async def _wake(self, user_id: UserId) -> None:
        await self._reads.invalidate(user_id)
        await self._live.announce_write(user_id)

    @staticmethod
    async def _tell(event_log: EventLog, user_id: UserId, facts: Sequence[Fact]) -> None:
        told = [fact for fact in facts if fact.kind in ACTIVITIES]
        for fact in told[:MAX_ACTIVITIES]:
            activity = activity_of(fact)
            await event_log.append_activity(StreamTopic(user_id), activity)
            for language in LanguageV1:
                topic = StreamTopic(user_id, fact.batch_id, language)
                await event_log.append_activity(topic, activity)


def activity_of(fact: Fact) -> ActivityEvent:
    """The event for the streams; every copy of a fact is one activity."""
    data = {"at": to_wire(fact.at), "kind": ACTIVITIES[fact.kind], "batch_id": fact.batch_id}
    digest = hashlib.sha256("|".join((*fact.key, to_wire(fact.at))).encode()).hexdigest()[:32]
    return ActivityEvent(_encode(data), digest, [fact.batch_id])
