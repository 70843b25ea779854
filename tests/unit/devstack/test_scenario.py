import json
from datetime import timedelta
from itertools import pairwise

import pytest

from devstack.notifications import Notification
from devstack.scenario import MOVES, DemoScenario, ScenarioMove, notifications_of
from devstack.seed import BatchStatus, SeededBatch, load_dataset

SCENARIO = DemoScenario(load_dataset())
LANES = len(SCENARIO.batches)
DONE = (BatchStatus.COMPLETED_SUCCESSFULLY, BatchStatus.COMPLETED_WITH_FAILURES)


def way_of(lane: int, cycle: int = 0, scenario: DemoScenario = SCENARIO) -> list[ScenarioMove]:
    first = 1 + lane + cycle * LANES * len(MOVES)
    return [scenario.move(first + turn * LANES) for turn in range(len(MOVES))]


EVERY_LANE = pytest.mark.parametrize("lane", range(LANES))


@EVERY_LANE
def test_batch_goes_ras_s_true_path_of_statuses(lane: int) -> None:
    statuses = [str(move.batch.status) for move in way_of(lane)]

    before = MOVES.index("spellcheck_counted")
    assert set(statuses[:before]) == {"awaiting_content_validation"}
    assert BatchStatus(statuses[before]) in DONE
    assert statuses[-1] == SCENARIO.batches[lane].status


@EVERY_LANE
def test_essays_come_one_group_after_the_other_and_none_goes(lane: int) -> None:
    counts = [len(move.batch.visible_essays) for move in way_of(lane)]

    assert set(counts[: MOVES.index("spellchecked_1")]) == {0}
    assert counts == sorted(counts)
    assert len(set(counts)) == 5
    assert counts[-1] == len(SCENARIO.batches[lane].essays)


@EVERY_LANE
def test_results_of_the_end_are_the_seed_s_own(lane: int) -> None:
    goal, last = SCENARIO.batches[lane], way_of(lane)[-1].batch

    assert [strip(essay) for essay in last.essays] == [strip(essay) for essay in goal.essays]
    assert (last.completed_essay_count, last.failed_essay_count) == (
        goal.completed_essay_count,
        goal.failed_essay_count,
    )
    assert (last.assignment_id, last.processing_completed_at is None) == (
        goal.assignment_id,
        goal.processing_completed_at is None,
    )


@EVERY_LANE
def test_assessment_is_not_told_before_it_is_done(lane: int) -> None:
    for move in way_of(lane)[: MOVES.index("assessed")]:
        assert move.batch.assignment_id is None
        assert all(essay.cj_rank is None for essay in move.batch.essays)
        assert all(essay.cj_assessment_error_detail is None for essay in move.batch.essays)


@EVERY_LANE
def test_times_are_set_where_ras_sets_them_and_never_go_back(lane: int) -> None:
    way = way_of(lane)
    started = [move.batch.processing_started_at for move in way]
    ended = [move.name for move in way if move.batch.processing_completed_at]

    assert started.count(None) == MOVES.index("spellcheck_counted")
    assert not {"assessed", "assessment_concluded"} & set(ended)
    assert all(a.at <= b.at for a, b in pairwise(way))


def test_orchestrator_s_count_replaces_ras_s_at_the_end_and_hides_failed_essays() -> None:
    way = way_of(1)
    counts = [(move.batch.completed_essay_count, move.batch.failed_essay_count) for move in way]

    assert counts[MOVES.index("assessment_concluded")] == (22, 3)
    assert way[MOVES.index("assessment_concluded")].batch.status == "completed_with_failures"
    assert counts[MOVES.index("completed")] == (25, 0)
    assert way[MOVES.index("completed")].batch.status == "completed_successfully"


@EVERY_LANE
def test_orchestrator_stores_an_outcome_before_ras_does(lane: int) -> None:
    way = {move.name: move.batch for move in way_of(lane)}

    assert states(way["spellcheck_concluded"]) == {
        "spellcheck": "completed_successfully",
        "cj_assessment": "dispatch_initiated",
    }
    assert way["spellcheck_concluded"].status is BatchStatus.AWAITING_CONTENT_VALIDATION
    assert way["spellcheck_counted"].status in DONE
    assert states(way["assessment_concluded"])["cj_assessment"] in {
        "completed_successfully",
        "failed",
    }
    assert way["assessment_concluded"].processing_completed_at is None
    assert way["assessment_concluded"].status in DONE


def states(batch: SeededBatch) -> dict[str, str]:
    """The statuses of the pipeline's phases."""
    return {one.name: one.status for one in batch.phases if one.name in batch.requested_pipelines}


@EVERY_LANE
def test_first_phase_ends_at_its_dispatch_and_the_second_starts_with_its_outcome(lane: int) -> None:
    way = {move.name: move for move in way_of(lane)}

    running, _ = way["started"].batch.phases[0], way["registered"]
    _, _, _, second = way["spellcheck_concluded"].batch.phases
    assert (running.started_at, running.completed_at) == (None, way["started"].at)
    assert (second.started_at, second.completed_at) == (way["spellcheck_concluded"].at, None)


def test_class_batch_has_suggestions_once_matched_which_stay_pending_when_confirmed() -> None:
    way = way_of(0)
    matched = MOVES.index("matched")

    assert [len(move.suggestions) for move in way[:matched]] == [0] * matched
    assert len({move.suggestions for move in way[matched:]}) == 1
    assert len(way[matched].suggestions) == len(way[matched].batch.essays)
    assert {row.status for row in way[-1].suggestions} == {"pending_validation"}
    assert {row.created_at for row in way[-1].suggestions} == {way[matched].at}


def test_guest_batches_have_no_suggestions() -> None:
    guests = [lane for lane, batch in enumerate(SCENARIO.batches) if batch.class_id is None]

    assert len(guests) == 2
    assert not [move for lane in guests for move in way_of(lane) if move.suggestions]


def test_step_depends_on_seed_and_number_alone() -> None:
    again, other = DemoScenario(load_dataset()), DemoScenario(load_dataset(), seed=1)

    assert all(SCENARIO.move(step) == again.move(step) for step in range(1, 80))
    assert way_of(0) != way_of(0, scenario=other)


def test_batch_begins_again_newer_and_under_its_own_id() -> None:
    first, second = way_of(0), way_of(0, cycle=1)

    assert second[0].batch.batch_id == first[0].batch.batch_id
    assert second[0].batch.created_at > first[-1].at
    assert (second[0].cycle, second[0].batch.visible_essays) == (1, ())


def test_time_goes_as_fast_as_the_steps_of_the_devstack() -> None:
    first, later = SCENARIO.move(1), SCENARIO.move(1_201)

    assert (later.at - first.at).total_seconds() <= 1_200 * 3
    moved = SCENARIO.move(1, first.at + timedelta(days=1))
    assert moved.at - first.at == timedelta(days=1)


def test_a_day_of_steps_moves_the_same_few_batches() -> None:
    day = 24 * 3600 // 3

    moved = {SCENARIO.move(step).batch.batch_id for step in range(day - 100, day)}

    assert moved == {batch.batch_id for batch in SCENARIO.batches}


def test_there_is_no_step_zero() -> None:
    with pytest.raises(ValueError, match="count from 1"):
        SCENARIO.move(0)


@EVERY_LANE
def test_every_notification_is_ready_for_the_wire_and_of_this_batch(lane: int) -> None:
    for move in way_of(lane):
        for one in notifications_of(move):
            assert json.loads(json.dumps(one.data)) == one.data
            assert one.data.get("batch_id", move.batch.batch_id) == move.batch.batch_id
            assert str(one.data["timestamp"]).endswith("+00:00")


def test_services_speak_in_the_platform_s_order() -> None:
    told = [(move.name, [one.event for one in notifications_of(move)]) for move in way_of(0)]
    events = dict(told)

    silent = ("registered", "matched", "confirmed", "spellcheck_counted", "completed", "rest")
    assert [events[name] for name in silent] == [[]] * len(silent)
    assert events["uploaded"] == ["batch_files_uploaded"] * 25
    assert all(events[f"spellchecked_{n}"] == [] for n in (1, 2, 3, 4))
    assert events["spellcheck_concluded"] == ["batch_spellcheck_completed", "batch_phase_concluded"]
    assert events["assessed"] == ["batch_cj_assessment_completed", "batch_assessment_completed"]
    assert events["assessment_concluded"] == [
        "batch_phase_concluded",
        "batch_results_ready",
        "pipeline_completed",
    ]


def test_phase_with_failed_essays_is_announced_with_their_number_and_results_never_are() -> None:
    moves = way_of(1)
    (spellcheck,) = (one for move in moves for one in said(move, "batch_spellcheck_completed"))
    (ended,) = (one for move in moves for one in said(move, "pipeline_completed"))

    status, failed = spellcheck.data["phase_status"], spellcheck.data["failed_count"]
    assert (status, failed) == ("completed_with_failures", 3)
    assert (ended.data["successful_essays"], ended.data["failed_essays"]) == (25, 0)
    assert not [one for move in moves for one in said(move, "batch_results_ready")]


def test_failed_phase_is_announced_and_its_batch_s_end_is_not() -> None:
    events = [
        one for move in way_of(4)[MOVES.index("assessed") :] for one in notifications_of(move)
    ]

    assert [one.event for one in events] == [
        "batch_cj_assessment_completed",
        "batch_phase_concluded",
    ]
    assert events[0].data["phase_status"] == events[1].data["status"] == "failed_critically"


@EVERY_LANE
def test_first_phase_has_no_start_and_none_is_ever_in_progress(lane: int) -> None:
    phases = [phase for move in way_of(lane) for phase in move.batch.phases]

    assert {one.started_at for one in phases if one.name == "spellcheck"} == {None}
    assert {one.status for one in phases} <= {
        "skipped_by_user_config",
        "pending_dependencies",
        "dispatch_initiated",
        "completed_successfully",
        "failed",
    }


def test_direct_publishers_say_less_than_those_over_kafka() -> None:
    way = way_of(0)
    phase = said(way[MOVES.index("spellcheck_concluded")], "batch_phase_concluded")[0]
    teacher = said(way[MOVES.index("started")], "batch_processing_started")[0]

    assert phase.data.keys() == {"batch_id", "phase", "status", "timestamp", "correlation_id"}
    assert {"category", "priority", "action_required", "deadline"} < teacher.data.keys()


def said(move: ScenarioMove, event: str) -> list[Notification]:
    return [one for one in notifications_of(move) if one.event == event]


def strip(essay: object) -> dict[str, object]:
    """An essay without the time of its last change."""
    names = essay.__slots__  # type: ignore[attr-defined]  # All are slotted dataclasses.
    return {name: getattr(essay, name) for name in names if name != "last_updated"}
