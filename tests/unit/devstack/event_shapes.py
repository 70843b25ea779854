"""The shapes of the platform's events, written from its contract and not from the emulators."""

from typing import Any

from tests.unit.devstack.batch_shapes import (
    AssociationsConfirmed,
    ClassChanged,
    ContentProvisioned,
    EssaysReady,
    ExcessContent,
    FileChanged,
    MatchesSuggested,
    ProvisioningCompleted,
    PupilCreated,
    PupilUpdated,
    Registered,
    SlotAssigned,
    ValidationFailed,
)
from tests.unit.devstack.event_parts import Envelope, Shape
from tests.unit.devstack.pipeline_shapes import (
    AssessmentCompleted,
    AssessmentFailed,
    AssessmentPublished,
    BalanceChanged,
    Command,
    Denied,
    PhaseOutcome,
    PipelineCompleted,
    ResultsReady,
    SpellcheckResult,
)

PREFIX, SUFFIX = "huleedu.", ".v1"

SHAPES: dict[str, type[Shape]] = {
    "assessment.result.published": AssessmentPublished,
    "batch.author.matches.suggested": MatchesSuggested,
    "batch.content.provisioning.completed": ProvisioningCompleted,
    "batch.essays.registered": Registered,
    "batch.pipeline.completed": PipelineCompleted,
    "cj_assessment.failed": AssessmentFailed,
    "class.created": ClassChanged,
    "class.student.associations.confirmed": AssociationsConfirmed,
    "class.student.created": PupilCreated,
    "class.student.updated": PupilUpdated,
    "class.updated": ClassChanged,
    "commands.batch.pipeline": Command,
    "els.batch.essays.ready": EssaysReady,
    "els.batch.phase.outcome": PhaseOutcome,
    "els.essay.slot.assigned": SlotAssigned,
    "els.excess.content.provisioned": ExcessContent,
    "entitlements.credit.balance.changed": BalanceChanged,
    "essay.spellcheck.results": SpellcheckResult,
    "file.batch.file.added": FileChanged,
    "file.batch.file.removed": FileChanged,
    "file.essay.content.provisioned": ContentProvisioned,
    "file.essay.validation.failed": ValidationFailed,
    "pipeline.denied": Denied,
    "ras.batch.assessment.completed": AssessmentCompleted,
    "ras.batch.results.ready": ResultsReady,
}
"""By topic, without prefix and version."""
BATCH, UPLOAD, ESSAY, JOB, REQUEST, SUBJECT = (
    ("batch_id", "entity_id"),
    ("file_upload_id",),
    ("essay_id", "entity_id"),
    ("cj_assessment_job_id",),
    (),
    (),
)
KEYS: dict[str, tuple[str, ...]] = {
    "assessment.result.published": JOB,
    "cj_assessment.failed": JOB,
    "class.created": REQUEST,
    "class.student.created": REQUEST,
    "class.student.updated": REQUEST,
    "class.updated": REQUEST,
    "els.essay.slot.assigned": ESSAY,
    "entitlements.credit.balance.changed": SUBJECT,
    "essay.spellcheck.results": ("entity_id",),
    "file.essay.content.provisioned": UPLOAD,
    "file.essay.validation.failed": UPLOAD,
    "pipeline.denied": REQUEST,
}
"""The field of the data that is the record's key; the batch where there is no other."""


def key_of(topic: str, envelope: dict[str, Any]) -> str:
    """The key that the contract gives a record."""
    data = envelope["data"]
    if topic == "entitlements.credit.balance.changed":
        return str(data["subject"]["id"])
    names = KEYS.get(topic, BATCH)
    if not names:
        return str(envelope["correlation_id"])
    return str(next(data[name] for name in names if name in data))


def check(topic: str, key: str, envelope: dict[str, Any]) -> None:
    """Compare a record with the contract; `topic` is the whole name."""
    short = topic.removeprefix(PREFIX).removesuffix(SUFFIX)
    Envelope.model_validate(envelope)
    SHAPES[short].model_validate(envelope["data"])
    is_end = short == "batch.pipeline.completed"
    assert envelope["event_type"] == (short if is_end else topic)
    assert key == key_of(short, envelope)
