"""Situations of the batches of a page, as RAS and the orchestrator show them."""

# In the order of a page: what RAS says, and the words of the orchestrator for the phases.
FINISHED, UNDER_WAY = "completed_successfully", "dispatch_initiated"
SITUATIONS = (
    (FINISHED, FINISHED, FINISHED),
    ("completed_with_failures", FINISHED, FINISHED),
    ("completed_with_failures", FINISHED, UNDER_WAY),
    ("pending_content", UNDER_WAY, "pending_dependencies"),
    (FINISHED, FINISHED, FINISHED),
    ("completed_with_failures", FINISHED, FINISHED),
    ("completed_with_failures", FINISHED, UNDER_WAY),
    # No phase has begun, and matches wait for the teacher.
    ("pending_content", "pending_dependencies", "skipped_by_user_config"),
)
NOT_BEGUN = 7


def place_of(batch_id: bytes) -> int:
    """The place of a batch in `SITUATIONS`: its serial is its place on the page."""
    return int(batch_id[:8], 16) % len(SITUATIONS)


def words_of(place: int) -> dict[str, str]:
    """The orchestrator's word for each phase of the batch at a place."""
    _, spellcheck, assessment = SITUATIONS[place]
    skipped = dict.fromkeys(("nlp", "ai_feedback"), "skipped_by_user_config")
    return {"spellcheck": spellcheck, **skipped, "cj_assessment": assessment}
