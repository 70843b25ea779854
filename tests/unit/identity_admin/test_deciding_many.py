"""A hundred decisions in one go: each has its own fate, and none stops another."""

from collections import Counter
from datetime import UTC, datetime
from uuid import UUID

import pytest

from bff_core.context import ADMIN, RequestContext
from bff_core.testing import FakeClock, a_context
from services.identity_admin.domain_handlers.deciding import Deciding
from services.identity_admin.domain_handlers.deciding_many import DecidingMany
from services.identity_admin.dto.user_decision_v1 import DecisionItemV1, DecisionsRequestV1
from services.identity_admin.standing import Standing, Status
from tests.unit.identity_admin.casebook import MemoryCasebook

ACTOR = UUID(int=999)
THEN = datetime(2026, 1, 1, tzinfo=UTC)


def person(number: int, status: Status, version: int = 1) -> Standing:
    return Standing(UUID(int=number), status, version, THEN)


def item(user_id: object, decision: str = "approve", version: int = 1) -> DecisionItemV1:
    return DecisionItemV1.model_validate(
        {
            "user_id": str(user_id),
            "decision": decision,
            "expected_version": version,
            "reason": "unknown school" if decision == "deny" else None,
        }
    )


def as_admin(clock: FakeClock | None = None) -> RequestContext:
    return a_context(str(ACTOR), roles=(ADMIN,), clock=clock)


@pytest.fixture
def casebook() -> MemoryCasebook:
    waiting = [person(number, Status.PENDING) for number in range(1, 71)]
    approved = [person(number, Status.APPROVED, 2) for number in range(71, 81)]
    moved_on = [person(number, Status.DENIED, 5) for number in range(81, 91)]
    return MemoryCasebook(*waiting, *approved, *moved_on, person(999, Status.APPROVED))


def mixed_hundred() -> list[DecisionItemV1]:
    ids = [UUID(int=number) for number in range(1, 98)]
    return [
        *(item(one) for one in ids[:40]),
        *(item(one, "deny") for one in ids[40:70]),
        *(item(one) for one in ids[70:80]),
        *(item(one) for one in ids[80:90]),
        *(item(one) for one in ids[90:97]),
        item("not-an-id"),
        item(ACTOR),
        item(ids[0], "deny"),
    ]


async def test_hundred_mixed_decisions_report_one_by_one(casebook: MemoryCasebook) -> None:
    many = DecidingMany(Deciding(casebook, FakeClock()))
    items = mixed_hundred()

    answer = await many.decide(as_admin(), DecisionsRequestV1(items=items))

    results = answer.results
    assert [one.user_id for one in results] == [one.user_id for one in items]
    assert Counter(one.outcome for one in results) == {
        "decided": 70,
        "replayed": 10,
        "conflict": 11,
        "not_found": 8,
        "refused": 1,
    }
    assert len(casebook.changes) == 70
    assert {one.status for one in results if one.outcome == "conflict"} == {409}


async def test_result_holds_the_decision_or_the_error(casebook: MemoryCasebook) -> None:
    many = DecidingMany(Deciding(casebook, FakeClock()))
    items = [item(UUID(int=1)), item(UUID(int=81))]

    done, refused = (await many.decide(as_admin(), DecisionsRequestV1(items=items))).results

    assert done.error is None
    assert done.decision is not None
    assert done.decision.version == 2
    assert refused.decision is None
    assert refused.error is not None
    assert refused.error.code == "CONFLICT"


async def test_database_failing_for_one_stops_no_other(casebook: MemoryCasebook) -> None:
    casebook.broken.add(UUID(int=2))
    many = DecidingMany(Deciding(casebook, FakeClock()))
    items = [item(UUID(int=number)) for number in (1, 2, 3)]

    results = (await many.decide(as_admin(), DecisionsRequestV1(items=items))).results

    assert [one.outcome for one in results] == ["decided", "failed", "decided"]
    assert results[1].status == 503


async def test_person_twice_in_one_request_is_decided_once(casebook: MemoryCasebook) -> None:
    many = DecidingMany(Deciding(casebook, FakeClock()))
    items = [item(UUID(int=1)), item(UUID(int=1))]

    results = (await many.decide(as_admin(), DecisionsRequestV1(items=items))).results

    assert [one.outcome for one in results] == ["decided", "replayed"]
    assert len(casebook.changes) == 1


async def test_what_there_was_no_time_for_has_failed(casebook: MemoryCasebook) -> None:
    clock = FakeClock()
    ctx = as_admin(clock)
    clock.advance(10)
    many = DecidingMany(Deciding(casebook, clock))

    results = (await many.decide(ctx, DecisionsRequestV1(items=[item(UUID(int=1))]))).results

    assert results[0].outcome == "failed"
    assert results[0].error is not None
    assert results[0].error.details == {"reason": "out_of_time"}
    assert casebook.changes == []
