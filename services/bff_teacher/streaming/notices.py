"""The platform's notifications, cleaned: only words and ids that we know pass.

Whoever can write to Redis can write anything there, so that nothing in a message is believed: not
whom it is for, not what it is about.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import msgspec

from bff_core.clock import as_utc, to_wire
from bff_core.context import UserId
from bff_core.events import UserChannels
from services.bff_teacher.contracts.notifications import EVENTS, PHASES, STATUSES
from services.bff_teacher.screens.ids import is_uuid
from services.bff_teacher.streaming.json_patch import JsonObject
from services.bff_teacher.streaming.log import Remark
from services.bff_teacher.streaming.topics import Topic

LONGEST = 64 * 1024
_ABOUT_USERS = ("user_id", "teacher_id", "owner_user_id")

_encode = msgspec.json.Encoder(order="deterministic").encode


class Ignored(StrEnum):
    """Why a message is neither shown nor a reason to read anything anew."""

    OWN = "own"
    MALFORMED = "malformed"
    CROSSED = "crossed"


@dataclass(frozen=True, slots=True)
class Notice:
    """A message worth a look; without a `kind` that we know, only the sources are looked at.

    `second` is the message's own time, if it has one: what says the same of a topic within a second
    is said once, such as the 25 files of an upload.
    """

    digest: str
    kind: str | None = None
    at: str = ""
    second: str | None = None
    status: str | None = None
    phase: str | None = None
    batch_id: str | None = None
    essay_id: str | None = None

    def remark_for(self, topic: Topic) -> Remark | None:
        """What a topic's streams are told; None when it is not about the topic.

        A list knows its batches and no essays; a batch knows itself and its essays.
        """
        if self.kind is None:
            return None
        if topic.batch_id is None:
            about = [self.batch_id] if self.batch_id else []
            return self._remark(self.batch_id, None, about)
        if self.batch_id not in {None, topic.batch_id} or not (self.batch_id or self.essay_id):
            return None
        about = [one for one in (topic.batch_id, self.essay_id) if one]
        return self._remark(topic.batch_id, self.essay_id, about)

    def _remark(self, batch_id: str | None, essay_id: str | None, about: list[str]) -> Remark:
        facts = {
            "kind": self.kind,
            "batch_id": batch_id,
            "essay_id": essay_id,
            "status": self.status,
            "phase": self.phase,
        }
        told: JsonObject = {name: fact for name, fact in facts.items() if fact is not None}
        digest = self.digest if self.second is None else _digest(_encode([self.second, told]))
        return Remark(_encode({"at": self.at} | told), digest, about)


def read_notice(
    message: bytes, user_id: UserId, channels: UserChannels, now: datetime
) -> Notice | Ignored:
    """What a message on a user's channel says."""
    if len(message) > LONGEST:
        return Ignored.MALFORMED
    try:
        told = msgspec.json.decode(message)
    except (ValueError, RecursionError):
        return Ignored.MALFORMED
    match told:
        case {"event": str(event), "data": dict(data)}:
            said = _Said(event, data, _digest(message))
            return _refused(data, user_id, channels) or _read(said, now)
        case _:
            return Ignored.MALFORMED


def _digest(told: bytes) -> str:
    return hashlib.sha256(told).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class _Said:
    event: str
    data: dict[str, object]
    digest: str


def _refused(data: dict[str, object], user_id: UserId, channels: UserChannels) -> Ignored | None:
    if channels.are_ours(data):
        return Ignored.OWN
    if any(data.get(name, user_id) != user_id for name in _ABOUT_USERS):
        return Ignored.CROSSED
    return None


def _read(said: _Said, now: datetime) -> Notice | Ignored:
    data = said.data
    batch_id, essay_id = _id(data.get("batch_id")), _id(data.get("essay_id"))
    if Ignored.MALFORMED in {batch_id, essay_id}:
        return Ignored.MALFORMED
    if said.event not in EVENTS:
        return Notice(said.digest)
    moment = _moment(data.get("timestamp"))
    return Notice(
        said.digest,
        said.event,
        moment or to_wire(now),
        moment and moment.partition(".")[0],
        _word(data.get("status"), STATUSES),
        _word(data.get("phase"), PHASES),
        batch_id,
        essay_id,
    )


def _id(given: object) -> str | None:
    """The id as we spell it; one that is there and is none spoils the message."""
    if given is None:
        return None
    return given.lower() if isinstance(given, str) and is_uuid(given) else Ignored.MALFORMED


def _word(given: object, known: frozenset[str]) -> str | None:
    return given if isinstance(given, str) and given in known else None


def _moment(given: object) -> str | None:
    try:
        return to_wire(as_utc(datetime.fromisoformat(str(given))))
    except (ValueError, OverflowError):
        return None
