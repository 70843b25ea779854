"""The topics that the emulators publish to, as the platform makes them: three partitions each."""

from devstack.events.event import topic_name

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
TOPICS = tuple(topic_name(name) for name in SHORT_NAMES)
