"""Facts from each topic's bodies."""

import json
from datetime import timedelta
from typing import Any

import pytest

from bff_core.context import UserId
from services.bff_teacher.events.envelope import MAX_EVENT_BYTES, NotForUs, Poisonous, decode
from services.bff_teacher.events.facts import facts_of, owner_of
from services.bff_teacher.events.model import Fact
from services.bff_teacher.events.summary import events_of, grades_of
from services.bff_teacher.events.topics import CONTRACTS, topic_of
from tests import event_bodies as bodies
from tests.event_bodies import AT, BATCH, ESSAY, START, TEACHER, UPLOAD, an_event, an_id

NOW = AT + timedelta(minutes=1)
NAMES = ("Elev", "elev.ett@", STUDENT := bodies.STUDENT)
TOLD: list[tuple[str, dict[str, Any], list[tuple[str, str, dict[str, Any]]]]] = [
    ("commands.batch.pipeline", bodies.command(), [("start_requested", "", {})]),
    (
        "batch.essays.registered",
        bodies.registered(class_id=an_id(9)),
        [("registered", "", {"owner": TEACHER, "expected": 2, "has_class": True})],
    ),
    ("file.batch.file.added", bodies.file_added(), []),
    (
        "file.essay.validation.failed",
        bodies.rejected(),
        [("file_rejected", UPLOAD, {"code": "CONTENT_TOO_SHORT"})],
    ),
    ("els.essay.slot.assigned", bodies.placed(), [("essay_placed", ESSAY, {})]),
    ("batch.content.provisioning.completed", bodies.provisioned(), [("files_complete", "", {})]),
    (
        "batch.author.matches.suggested",
        bodies.matched(matched=1, unmatched=2),
        [("matched", "", {"essays": 3, "matched": 1})],
    ),
    ("class.student.associations.confirmed", bodies.confirmed(), [("confirmed", "", {})]),
    (
        "class.student.associations.confirmed",
        bodies.confirmed(timeout=True),
        [("auto_confirmed", "", {})],
    ),
    ("els.batch.essays.ready", bodies.ready(), [("ready", "", {})]),
    (
        "els.batch.phase.outcome",
        bodies.outcome(),
        [
            (
                "phase_outcome",
                f"spellcheck:{START}",
                {
                    "phase": "spellcheck",
                    "status": "completed_with_failures",
                    "processed": 1,
                    "failed": 1,
                },
            )
        ],
    ),
    ("cj_assessment.failed", bodies.assessment_failed(), [("assessment_failed", "4", {})]),
    (
        "pipeline.denied",
        bodies.denied(),
        [("start_denied", "", {"pipeline": "cj_assessment", "reason": "insufficient_credits"})],
    ),
    (
        "ras.batch.assessment.completed",
        bodies.assessed(),
        [("graded", ESSAY, {"letter": "C+", "confidence": 0.71, "label": "MID"})],
    ),
]


def facts(name: str, data: dict[str, Any], **envelope: Any) -> list[Fact]:
    return facts_of(decode(topic_of(name), an_event(name, data, **envelope)), NOW)


@pytest.mark.parametrize(("name", "data", "expected"), TOLD, ids=lambda one: str(one)[:40])
def test_an_event_becomes_its_facts_and_no_name_is_among_them(
    name: str, data: dict[str, Any], expected: list[tuple[str, str, dict[str, Any]]]
) -> None:
    found = facts(name, data)

    assert [(one.kind.value, one.item, dict(one.data)) for one in found] == expected
    assert {(one.batch_id, one.at, one.topic) for one in found} <= {(BATCH, AT, topic_of(name))}
    assert not any(name in repr(found) for name in NAMES)


def test_every_topic_has_a_row_above() -> None:
    assert {topic_of(name) for name, *_ in TOLD} == set(CONTRACTS)


def test_ids_are_kept_in_lower_case() -> None:
    (found,) = facts(
        "els.essay.slot.assigned", bodies.placed(an_id(0xA).upper(), "A" * 8 + ESSAY[8:])
    )

    assert (found.batch_id, found.item) == (an_id(0xA), "a" * 8 + ESSAY[8:])


def test_a_copy_by_the_relay_is_the_same_fact_where_the_data_has_a_time() -> None:
    later = AT + timedelta(seconds=30)

    (first,) = facts("file.essay.validation.failed", bodies.rejected())
    (copy,) = facts("file.essay.validation.failed", bodies.rejected(), at=later)

    assert copy == first


def test_keys_that_nobody_knows_are_passed_over() -> None:
    found = facts("els.batch.essays.ready", bodies.ready() | {"new": {"deep": [1]}}, other=1)

    assert [one.kind for one in found] == ["ready"]


@pytest.mark.parametrize(
    "envelope",
    [{"schema_version": 2}, {"event_type": "huleedu.another.v1"}],
    ids=["version", "type"],
)
def test_another_type_or_version_is_passed_over(envelope: dict[str, Any]) -> None:
    with pytest.raises(NotForUs):
        facts("els.batch.essays.ready", bodies.ready(), **envelope)


def test_an_unknown_topic_is_passed_over() -> None:
    with pytest.raises(NotForUs):
        decode("huleedu.identity.user.registered.v1", b"{}")


def test_the_short_type_of_one_producer_is_known() -> None:
    assert facts("els.batch.essays.ready", bodies.ready(), event_type="els.batch.essays.ready")


def _broken(name: str, data: dict[str, Any], reason: str, **envelope: Any) -> Any:
    return pytest.param(topic_of(name), an_event(name, data, **envelope), reason, id=reason)


READY = topic_of("els.batch.essays.ready")


@pytest.mark.parametrize(
    ("topic", "body", "reason"),
    [
        pytest.param(READY, None, "empty", id="tombstone"),
        pytest.param(READY, b"", "empty", id="empty"),
        pytest.param(READY, b"x" * (MAX_EVENT_BYTES + 1), "too_large", id="too_large"),
        pytest.param(READY, b"\xff\xfe", "envelope", id="bytes"),
        pytest.param(READY, b"[" * 100_000, "envelope", id="nested"),
        pytest.param(READY, json.dumps({"event_type": READY}).encode(), "envelope", id="no data"),
        _broken("els.batch.essays.ready", {"batch_id": 1}, "data"),
        _broken("els.batch.essays.ready", {"batch_id": "b1"}, "id"),
        _broken("els.batch.essays.ready", bodies.ready("\x00" * 36), "id"),
        _broken("els.batch.essays.ready", bodies.ready(), "time", at=NOW + timedelta(days=2)),
        _broken("pipeline.denied", bodies.denied(reason="Elev Ett!"), "word"),
        _broken("batch.essays.registered", bodies.registered(user="a b"), "user"),
        _broken(
            "batch.essays.registered", bodies.registered() | {"expected_essay_count": -1}, "count"
        ),
        _broken("els.batch.phase.outcome", bodies.outcome(status="odd"), "status"),
        _broken("cj_assessment.failed", bodies.assessment_failed(job="Elev Ett"), "job"),
        _broken("ras.batch.assessment.completed", bodies.assessed(grades=((ESSAY, "7"),)), "grade"),
        _broken(
            "ras.batch.assessment.completed",
            bodies.assessed(grades=((ESSAY, "A"),) * 2001),
            "too_many",
        ),
    ],
)
def test_a_poisonous_event_names_its_reason(topic: str, body: bytes | None, reason: str) -> None:
    with pytest.raises(Poisonous) as caught:
        facts_of(decode(topic, body), NOW)

    assert caught.value.reason == reason


def test_the_owner_is_never_taken_from_a_command() -> None:
    sent = decode(
        topic_of("commands.batch.pipeline"), an_event("commands.batch.pipeline", bodies.command())
    )
    said = decode(topic_of("pipeline.denied"), an_event("pipeline.denied", bodies.denied()))

    assert owner_of(sent) is None
    assert owner_of(said) == UserId(TEACHER)


def test_facts_come_to_what_is_known_of_the_batch() -> None:
    found = [one for name, data, _ in TOLD for one in facts(name, data)]

    known = events_of(found)

    assert (known.owner, known.expected, known.has_class) == (TEACHER, 2, True)
    assert (known.placed, known.rejected) == (1, 1)
    assert known.matches is not None
    assert (known.matches.essays, known.matches.matched) == (3, 1)
    times = (known.complete_at, known.confirmed_at, known.auto_confirmed_at, known.ready_at)
    assert {*times, known.requested_at, known.assessment_failed_at} == {AT}
    assert known.denial is not None
    assert known.outcomes["spellcheck"].status == "completed_with_failures"


def test_of_two_outcomes_of_a_phase_the_later_start_counts() -> None:
    first = facts("els.batch.phase.outcome", bodies.outcome(status="failed_critically"))
    later = AT + timedelta(hours=1)
    retried = bodies.outcome(status="completed_successfully", start=an_id(6))
    second = facts("els.batch.phase.outcome", retried, at=later)

    known = events_of(second + first)

    assert known.outcomes["spellcheck"].status == "completed_successfully"
    assert known.outcomes["spellcheck"].at == later


def test_grades_are_those_of_the_latest_comparison_and_no_grade_is_none() -> None:
    name, later = "ras.batch.assessment.completed", AT + timedelta(seconds=30)
    first = facts(name, bodies.assessed(grades=((ESSAY, "A"), (an_id(8), "B"))))
    second = facts(name, bodies.assessed(grades=((ESSAY, "D+"), (an_id(7), "U")), at=later))

    grades = grades_of(first[1:] + second)

    assert {essay: grade.letter for essay, grade in grades.items()} == {ESSAY: "D+"}
    assert (grades[ESSAY].confidence, grades[ESSAY].label) == (0.71, "MID")
