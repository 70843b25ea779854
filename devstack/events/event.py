"""One event, the parts that several kinds share, its envelope, and the topics."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

Data = dict[str, Any]
_PIPELINE_COMPLETED = "batch.pipeline.completed"
PARTITIONS = 3
RELAY_TOPIC = "devstack.relay"
"""Empty: only the relay makes it, so that it shows which broker it has met before."""
SHORT_NAMES = (
    "assessment.result.published",
    "batch.author.matches.suggested",
    "batch.content.provisioning.completed",
    "batch.essays.registered",
    "batch.pipeline.completed",
    "cj_assessment.failed",
    "class.created",
    "class.student.associations.confirmed",
    "class.student.created",
    "class.student.updated",
    "class.updated",
    "commands.batch.pipeline",
    "els.batch.essays.ready",
    "els.batch.phase.outcome",
    "els.essay.slot.assigned",
    "els.excess.content.provisioned",
    "entitlements.credit.balance.changed",
    "essay.spellcheck.results",
    "file.batch.file.added",
    "file.batch.file.removed",
    "file.essay.content.provisioned",
    "file.essay.validation.failed",
    "pipeline.denied",
    "ras.batch.assessment.completed",
    "ras.batch.results.ready",
)


def topic_name(short: str) -> str:
    return f"huleedu.{short}.v1"


@dataclass(frozen=True, slots=True)
class Event:
    """An event as its service stores it; `topic` is without the platform's prefix and version."""

    topic: str
    key: str
    source: str
    correlation_id: str
    data: Data
    metadata: Data = field(default_factory=dict)

    def envelope(self, sent_at: datetime) -> Data:
        """The relay's: a new id and the time of sending, however often the event is sent."""
        is_end = self.topic == _PIPELINE_COMPLETED
        return {
            "event_id": str(uuid4()),
            "event_type": self.topic if is_end else topic_name(self.topic),
            "event_timestamp": zoned(sent_at),
            "source_service": self.source,
            "schema_version": 1,
            "correlation_id": self.correlation_id,
            "data_schema_uri": None,
            "data": self.data,
            "metadata": self.metadata,
        }


def encoded(envelope: Data) -> bytes:
    return json.dumps(envelope).encode("ascii")


@dataclass(frozen=True, slots=True)
class Moment:
    """The time of an event, aware, and the request that began it."""

    at: datetime
    correlation_id: str

    @property
    def text(self) -> str:
        return zoned(self.at)


def moment(subject: str, request: str = "registration", at: datetime | None = None) -> Moment:
    """Now, or a time without a zone as the platform's columns hold it.

    A request about a subject has the same correlation id each time that it is named.
    """
    correlation_id = str(uuid5(NAMESPACE_URL, f"{request}/{subject}"))
    return Moment(at.replace(tzinfo=UTC) if at else datetime.now(UTC), correlation_id)


def moment_of(correlation_id: str) -> Moment:
    """Now, in a request with this correlation id; one that is no UUID stands for another that is."""
    try:
        UUID(correlation_id)
    except ValueError:
        return moment(correlation_id)
    return Moment(datetime.now(UTC), correlation_id)


def zoned(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def naive(at: datetime) -> str:
    return at.replace(tzinfo=None).isoformat()


def stamp(name: str, when: Moment, correlation_id: str | None = None) -> Data:
    return {
        "event": name,
        "correlation_id": correlation_id or when.correlation_id,
        "timestamp": when.text,
    }


def base(name: str, batch_id: str, when: Moment) -> Data:
    return {
        "event_name": name,
        "entity_id": batch_id,
        "entity_type": "batch",
        "parent_id": None,
        "timestamp": when.text,
    }


def system_metadata(
    entity_id: str,
    when: Moment,
    event: str,
    *,
    kind: str = "batch",
    parent_id: str | None = None,
    stage: str | None = None,
    error: Mapping[str, object] | None = None,
) -> Data:
    return {
        "entity_id": entity_id,
        "entity_type": kind,
        "parent_id": parent_id,
        "timestamp": when.text,
        "processing_stage": stage,
        "started_at": None,
        "completed_at": None,
        "event": event,
        "error_info": dict(error or {}),
    }


def pick(row: Mapping[str, Any], *names: str) -> Data:
    return {name: row[name] for name in names}


def references(essays: list[Data]) -> list[Data]:
    """Essays with their `essay_id` and `text_storage_id`."""
    without = {"spellcheck_metrics": None}
    return [pick(essay, "essay_id", "text_storage_id") | without for essay in essays]


TOPICS = tuple(topic_name(name) for name in SHORT_NAMES)
