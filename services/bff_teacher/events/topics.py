"""Topics that are read, and the contract of each one's data."""

from collections.abc import Mapping

from services.bff_teacher.contracts import events

PREFIX, SUFFIX = "huleedu.", ".v1"

Data = (
    events.PipelineCommand
    | events.EssaysRegistered
    | events.FileAdded
    | events.ValidationFailed
    | events.SlotAssigned
    | events.ProvisioningCompleted
    | events.MatchesSuggested
    | events.AssociationsConfirmed
    | events.EssaysReady
    | events.PhaseOutcome
    | events.AssessmentFailed
    | events.PipelineDenied
    | events.AssessmentCompleted
)

_BY_NAME: Mapping[str, type[Data]] = {
    "commands.batch.pipeline": events.PipelineCommand,
    "batch.essays.registered": events.EssaysRegistered,
    "file.batch.file.added": events.FileAdded,
    "file.essay.validation.failed": events.ValidationFailed,
    "els.essay.slot.assigned": events.SlotAssigned,
    "batch.content.provisioning.completed": events.ProvisioningCompleted,
    "batch.author.matches.suggested": events.MatchesSuggested,
    "class.student.associations.confirmed": events.AssociationsConfirmed,
    "els.batch.essays.ready": events.EssaysReady,
    "els.batch.phase.outcome": events.PhaseOutcome,
    "cj_assessment.failed": events.AssessmentFailed,
    "pipeline.denied": events.PipelineDenied,
    "ras.batch.assessment.completed": events.AssessmentCompleted,
}


def topic_of(name: str) -> str:
    """The topic as Kafka knows it."""
    return f"{PREFIX}{name}{SUFFIX}"


CONTRACTS: Mapping[str, type[Data]] = {
    topic_of(name): contract for name, contract in _BY_NAME.items()
}


def event_types(topic: str) -> frozenset[str]:
    """Spellings of `event_type`: the topic, or as one producer has it, without its decoration."""
    return frozenset({topic, topic.removeprefix(PREFIX).removesuffix(SUFFIX)})
