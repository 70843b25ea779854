"""Decisions on up to 100 accounts in one request, each independent of the others."""

from collections import Counter
from datetime import UTC, datetime
from uuid import UUID

import pytest

from bff_core.context import ADMIN, RequestContext
from bff_core.testing import FakeClock, a_context
from services.identity_admin.domain_handlers.decide_handler import (
    DecideHandler,
)
from services.identity_admin.dto.user_decision_v1 import DecisionItemV1, DecisionsRequestV1
from services.identity_admin.models import Admin, ApprovalState, ApprovalStatus
from tests.unit.identity_admin.in_memory_repository import InMemoryApprovalRepository

ACTOR = UUID(int=999)
ACTING = Admin(ACTOR, None)
REQUESTED_AT = datetime(2026, 1, 1, tzinfo=UTC)


def state_of(number: int, status: ApprovalStatus, version: int = 1) -> ApprovalState:
    return ApprovalState(UUID(int=number), status, version, REQUESTED_AT)


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


def batch_handler(
    repository: InMemoryApprovalRepository, clock: FakeClock | None = None
) -> DecideHandler:
    return DecideHandler(repository, clock or FakeClock())


@pytest.fixture
def repository() -> InMemoryApprovalRepository:
    pending = [state_of(number, ApprovalStatus.PENDING) for number in range(1, 71)]
    approved = [state_of(number, ApprovalStatus.APPROVED, 2) for number in range(71, 81)]
    denied = [state_of(number, ApprovalStatus.DENIED, 5) for number in range(81, 91)]
    return InMemoryApprovalRepository(
        *pending, *approved, *denied, state_of(999, ApprovalStatus.APPROVED)
    )


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


async def test_hundred_mixed_decisions_have_a_result_each(
    repository: InMemoryApprovalRepository,
) -> None:
    handler = batch_handler(repository)
    items = mixed_hundred()

    answer = await handler.decide_many(as_admin(), ACTING, DecisionsRequestV1(items=items))

    results = answer.results
    assert [one.user_id for one in results] == [one.user_id for one in items]
    assert Counter(one.outcome for one in results) == {
        "decided": 70,
        "replayed": 10,
        "conflict": 11,
        "not_found": 8,
        "refused": 1,
    }
    assert len(repository.transitions) == 70
    assert {one.status for one in results if one.outcome == "conflict"} == {409}


async def test_result_holds_the_decision_or_the_error(
    repository: InMemoryApprovalRepository,
) -> None:
    handler = batch_handler(repository)
    items = [item(UUID(int=1)), item(UUID(int=81))]

    done, refused = (
        await handler.decide_many(as_admin(), ACTING, DecisionsRequestV1(items=items))
    ).results

    assert done.error is None
    assert done.decision is not None
    assert done.decision.version == 2
    assert refused.decision is None
    assert refused.error is not None
    assert refused.error.code == "CONFLICT"


async def test_database_failure_for_one_item_stops_no_other(
    repository: InMemoryApprovalRepository,
) -> None:
    repository.unavailable.add(UUID(int=2))
    handler = batch_handler(repository)
    items = [item(UUID(int=number)) for number in (1, 2, 3)]

    results = (
        await handler.decide_many(as_admin(), ACTING, DecisionsRequestV1(items=items))
    ).results

    assert [one.outcome for one in results] == ["decided", "failed", "decided"]
    assert results[1].status == 503


async def test_account_twice_in_one_request_is_decided_once(
    repository: InMemoryApprovalRepository,
) -> None:
    handler = batch_handler(repository)
    items = [item(UUID(int=1)), item(UUID(int=1))]

    results = (
        await handler.decide_many(as_admin(), ACTING, DecisionsRequestV1(items=items))
    ).results

    assert [one.outcome for one in results] == ["decided", "replayed"]
    assert len(repository.transitions) == 1


async def test_items_after_the_deadline_fail(repository: InMemoryApprovalRepository) -> None:
    clock = FakeClock()
    ctx = as_admin(clock)
    clock.advance(10)
    handler = batch_handler(repository, clock)

    results = (
        await handler.decide_many(ctx, ACTING, DecisionsRequestV1(items=[item(UUID(int=1))]))
    ).results

    assert results[0].outcome == "failed"
    assert results[0].error is not None
    assert results[0].error.details == {"reason": "out_of_time"}
    assert repository.transitions == []
