"""Validates the platform's notifications: only known words and well-formed ids pass.

Every service of the platform can publish anything on a user's channel, so nothing in a message is
trusted: neither its recipient nor the ids it mentions.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import msgspec

from bff_core.clock import as_utc, to_wire
from bff_core.context import UserId
from services.bff_teacher.confirmations.upload import FileOutcome, UploadStatus
from services.bff_teacher.contracts.notifications import EVENTS, PHASES, PRIORITIES, STATUSES
from services.bff_teacher.dto.batch_files_v1 import FileReasonV1
from services.bff_teacher.live.event_log import ActivityEvent
from services.bff_teacher.live.merge_patch import JsonObject
from services.bff_teacher.live.pubsub import UserChannels
from services.bff_teacher.live.state import StreamTopic
from services.bff_teacher.screens.file_checks import TEXTS, file_reason
from services.bff_teacher.screens.ids import is_uuid

MAX_MESSAGE_BYTES = 64 * 1024
FILE_KINDS = {
    "batch_files_uploaded": "file_accepted",
    "batch_validation_failed": "file_rejected",
    "batch_file_removed": "file_removed",
}
"""The platform's first word says "uploaded" of a file that was received and not looked into."""
_FILE_STATUSES = {
    "batch_files_uploaded": UploadStatus.ACCEPTED,
    "batch_validation_failed": UploadStatus.REJECTED,
    "batch_file_removed": UploadStatus.REMOVED,
}
USER_ID_FIELDS = ("user_id", "teacher_id", "owner_user_id")

_encode = msgspec.json.Encoder(order="deterministic").encode


class IgnoredReason(StrEnum):
    """Reasons why a message neither is shown nor triggers a read.

    `OWN`: published by this service. `CROSSED`: names another user than its channel.
    """

    OWN = "own"
    MALFORMED = "malformed"
    CROSSED = "crossed"


@dataclass(frozen=True, slots=True)
class FileAnnouncement:
    """A file in a notification; its name is for the records only."""

    file_upload_id: str
    filename: str
    status: UploadStatus
    reason: FileReasonV1 | None

    def fields_for(self, topic: StreamTopic) -> dict[str, str | None]:
        """Without the file's name, which often holds a pupil's; a text where there is a language."""
        message = None
        if self.reason is not None and topic.language is not None:
            message = TEXTS[topic.language][self.reason]
        return {
            "file_upload_id": self.file_upload_id,
            "reason": self.reason,
            "message": message,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformNotification:
    """A valid message; without `kind` its event is unknown, and it only triggers a read.

    `at` is the time of the message or of its arrival. `second` is the message's own time without
    the fraction, if it has one: notifications that differ in nothing else are one activity.
    """

    digest: str
    event: str | None = None
    kind: str | None = None
    at: str = ""
    second: str | None = None
    status: str | None = None
    phase: str | None = None
    batch_id: str | None = None
    essay_id: str | None = None
    class_id: str | None = None
    file: FileAnnouncement | None = None
    priority: str | None = None
    needs_action: bool = False

    def activity_for(self, topic: StreamTopic) -> ActivityEvent | None:
        """The event for a topic's streams; None when the notification is not about the topic.

        A list contains batches but no essays; a batch contains itself and its essays.
        """
        if self.kind is None:
            return None
        if topic.batch_id is None:
            batch_id, essay_id = self.batch_id, None
        elif self._may_be_about(topic.batch_id) and (self.batch_id or self.essay_id):
            batch_id, essay_id = self.batch_id or topic.batch_id, self.essay_id
        else:
            return None
        fields = {
            "kind": self.kind,
            "batch_id": batch_id,
            "essay_id": essay_id,
            "status": self.status,
            "phase": self.phase,
            **(self.file.fields_for(topic) if self.file else {}),
        }
        data: JsonObject = {name: value for name, value in fields.items() if value is not None}
        digest = self.digest if self.second is None else _digest(_encode([self.second, data]))
        mentioned_ids = [one.lower() for one in (batch_id, essay_id) if one]
        return ActivityEvent(_encode({"at": self.at} | data), digest, mentioned_ids)

    def file_outcome_for(self, user_id: UserId) -> FileOutcome | None:
        """The outcome of a file for the records; None when it is about none, or about no batch."""
        if self.file is None or self.batch_id is None:
            return None
        return FileOutcome(
            user_id=user_id,
            batch_id=self.batch_id.lower(),
            file_upload_id=self.file.file_upload_id,
            filename=self.file.filename,
            status=self.file.status,
            reason=self.file.reason,
            at=datetime.fromisoformat(self.at),
        )

    def _may_be_about(self, batch_id: str) -> bool:
        return self.batch_id is None or self.batch_id.lower() == batch_id.lower()


def parse_notification(
    message: bytes, user_id: UserId, channels: UserChannels, now: datetime
) -> PlatformNotification | IgnoredReason:
    """Parses a message that was received on the channel of `user_id`."""
    try:
        event, data = _decode_envelope(message)
    except (ValueError, RecursionError):
        return IgnoredReason.MALFORMED
    if channels.is_own(data):
        return IgnoredReason.OWN
    if any(data.get(name, user_id) != user_id for name in USER_ID_FIELDS):
        return IgnoredReason.CROSSED
    try:
        batch_id = _parse_id(data.get("batch_id"))
        essay_id = _parse_id(data.get("essay_id"))
        class_id = _parse_id(data.get("class_id"))
    except ValueError:
        return IgnoredReason.MALFORMED
    if event not in EVENTS:
        return PlatformNotification(digest=_digest(message))
    timestamp = _parse_timestamp(data.get("timestamp"))
    file = _parse_file(event, data)
    return PlatformNotification(
        digest=_digest(message),
        event=event,
        kind=FILE_KINDS.get(event, event),
        file=file,
        at=timestamp or to_wire(now),
        second=timestamp and timestamp.partition(".")[0],
        status=_known_word(data.get("status"), STATUSES),
        phase=_known_word(data.get("phase"), PHASES),
        batch_id=batch_id,
        essay_id=essay_id,
        class_id=class_id,
        priority=_known_word(data.get("priority"), PRIORITIES),
        needs_action=data.get("action_required") is True,
    )


def _parse_file(event: str, data: dict[str, object]) -> FileAnnouncement | None:
    """The file that the event is about; None for other events, and for one that names no file."""
    status = _FILE_STATUSES.get(event)
    upload_id, name = data.get("file_upload_id"), data.get("filename")
    if status is None or not isinstance(upload_id, str) or not is_uuid(upload_id):
        return None
    code = str(data.get("validation_error"))
    reason = file_reason(code) if status is UploadStatus.REJECTED else None
    return FileAnnouncement(upload_id, name if isinstance(name, str) else "", status, reason)


def _decode_envelope(message: bytes) -> tuple[str, dict[str, object]]:
    """Event name and data of a message.

    Raises:
        ValueError: The message is too long or not of the platform's form.
        RecursionError: The message is nested too deeply.
    """
    if len(message) > MAX_MESSAGE_BYTES:
        raise ValueError
    match msgspec.json.decode(message):
        case {"event": str(event), "data": dict(data)}:
            return event, data
        case _:
            raise ValueError


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:32]


def _parse_id(value: object) -> str | None:
    """The UUID as it is spelled; None when there is none.

    Raises:
        ValueError: The value is not a UUID.
    """
    if value is None:
        return None
    if not isinstance(value, str) or not is_uuid(value):
        raise ValueError
    return value


def _known_word(value: object, known: frozenset[str]) -> str | None:
    return value if isinstance(value, str) and value in known else None


def _parse_timestamp(value: object) -> str | None:
    try:
        return to_wire(as_utc(datetime.fromisoformat(str(value))))
    except (ValueError, OverflowError):
        return None
