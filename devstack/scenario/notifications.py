"""The notifications of a move, in the order of the services that publish them."""

from datetime import UTC

from devstack.notifications import SUCCESS, Announcer, Notification
from devstack.scenario.moves import ScenarioMove
from devstack.seed.identifiers import fixed_id

_PHASES = ("spellcheck", "cj_assessment")


def notifications_of(move: ScenarioMove) -> list[Notification]:
    """None for a silent move.

    The platform announces no registration, no suggestions of pupils and no confirmation of them, no
    essay's result, no state of RAS, and no end of a batch whose phase has failed.
    """
    batch = move.batch
    correlation_id = fixed_id(f"scenario/{batch.batch_id}/{move.cycle}")
    announce = Announcer(batch.batch_id, batch.user_id, move.at.replace(tzinfo=UTC), correlation_id)
    failed = sum(essay.spellcheck_status == "failed" for essay in batch.essays)
    # The assessment gets only the essays that the spellcheck has left.
    left = len(batch.essays) - failed
    found: list[Notification] = []
    match move.name:
        case "uploaded":
            files = [(one.file_upload_id, one.filename) for one in move.changed]
            found = [announce.file_uploaded(*file) for file in files]
        case "started":
            found = [announce.processing_started("cj_assessment", _PHASES)]
        case "spellcheck_concluded":
            status = "completed_with_failures" if failed else SUCCESS
            found = [
                announce.phase_completed("spellcheck", status, left, failed),
                announce.phase_concluded("spellcheck", status),
            ]
        case "assessed" if move.fails:
            found = [announce.phase_completed("cj_assessment", "failed_critically", 0, left)]
        case "assessed":
            ranked = sum(essay.cj_rank is not None for essay in batch.essays)
            found = [
                announce.phase_completed("cj_assessment", SUCCESS, left),
                announce.assessment_completed(str(move.step), ranked),
            ]
        case "assessment_concluded" if move.fails:
            found = [announce.phase_concluded("cj_assessment", "failed_critically")]
        case "assessment_concluded":
            concluded = announce.phase_concluded("cj_assessment", SUCCESS)
            found = [concluded, *_end(move, announce)]
    return found


def _end(move: ScenarioMove, announce: Announcer) -> list[Notification]:
    """RAS calls results ready only when every essay has a result of every phase."""
    batch = move.batch
    started = min(one.started_at for one in batch.phases if one.started_at is not None)
    outcome = (_PHASES, batch.essay_count, (move.at - started).total_seconds())
    ended = announce.pipeline_completed(*outcome)
    if any(essay.cj_assessment_status is None for essay in batch.essays):
        return [ended]
    return [announce.results_ready(*outcome), ended]
