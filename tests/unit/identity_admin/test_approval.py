"""Every cell of state, action, version, self and missing person."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from uuid import UUID

import pytest

from bff_core.errors import NotFound
from services.identity_admin.approval import TRANSITIONS, DecidedMeanwhile, OwnAccount, judge
from services.identity_admin.standing import Action, Order, Standing, Status

PERSON = UUID(int=1)
ADMIN = UUID(int=2)
OTHER = UUID(int=3)
NOW = datetime(2026, 2, 1, 12, tzinfo=UTC)
EARLIER = NOW - timedelta(days=1)
VERSION = 4


def standing(status: Status) -> Standing:
    waiting = Standing(PERSON, status, VERSION, EARLIER)
    if status is Status.PENDING:
        return waiting
    return replace(waiting, decided_at=EARLIER, decided_by=OTHER, decided_by_name="Karin Ek")


def order(action: Action, *, version: int | None = VERSION, actor: UUID | None = ADMIN) -> Order:
    return Order(PERSON, action, version, actor, UUID(int=9), reason="seen the papers")


CELLS = list(product(Status, Action))
NEW = [(status, action) for status, action in CELLS if status is not action.leads_to]
SAME = [(status, action) for status, action in CELLS if status is action.leads_to]
VERSIONS = (VERSION, VERSION - 1, VERSION + 1, None)


def test_every_state_and_action_is_a_change_or_a_replay() -> None:
    assert set(TRANSITIONS) == set(NEW)
    assert len(NEW) + len(SAME) == len(Status) * len(Action)


@pytest.mark.parametrize(("status", "action"), NEW)
@pytest.mark.parametrize("version", [VERSION, None])
def test_new_decision_on_the_right_version_makes_the_next_one(
    status: Status, action: Action, version: int | None
) -> None:
    wanted = order(action, version=version)

    change = judge(standing(status), wanted, NOW)

    assert change is not None
    assert (change.before, change.after) == (status, action.leads_to)
    assert (change.version, change.at, change.order) == (VERSION + 1, NOW, wanted)


@pytest.mark.parametrize(("status", "action"), NEW)
@pytest.mark.parametrize("version", [VERSION - 1, VERSION + 1])
def test_new_decision_on_another_version_conflicts(
    status: Status, action: Action, version: int
) -> None:
    with pytest.raises(DecidedMeanwhile) as refused:
        judge(standing(status), order(action, version=version), NOW)

    assert refused.value.status == 409


@pytest.mark.parametrize(("status", "action"), SAME)
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("actor", [ADMIN, OTHER, None])
def test_same_decision_again_changes_nothing_on_any_version(
    status: Status, action: Action, version: int | None, actor: UUID | None
) -> None:
    assert judge(standing(status), order(action, version=version, actor=actor), NOW) is None


@pytest.mark.parametrize(("status", "action"), CELLS)
@pytest.mark.parametrize("version", VERSIONS)
def test_nobody_decides_on_themself(status: Status, action: Action, version: int | None) -> None:
    with pytest.raises(OwnAccount) as refused:
        judge(standing(status), order(action, version=version, actor=PERSON), NOW)

    assert refused.value.status == 403
    assert refused.value.details == {"reason": "own_account"}


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("version", VERSIONS)
def test_missing_person_cannot_be_decided_on(action: Action, version: int | None) -> None:
    with pytest.raises(NotFound):
        judge(None, order(action, version=version), NOW)


@pytest.mark.parametrize("action", Action)
def test_missing_self_is_refused_as_self(action: Action) -> None:
    with pytest.raises(OwnAccount):
        judge(None, order(action, actor=PERSON), NOW)


def test_conflict_says_who_and_when() -> None:
    with pytest.raises(DecidedMeanwhile) as refused:
        judge(standing(Status.DENIED), order(Action.APPROVE, version=1), NOW)

    assert refused.value.details["current"] == {
        "status": "denied",
        "version": VERSION,
        "decided_at": "2026-01-31T12:00:00.000000Z",
        "decided_by": str(OTHER),
        "decided_by_name": "Karin Ek",
    }


def test_conflict_on_an_undecided_person_names_nobody() -> None:
    with pytest.raises(DecidedMeanwhile) as refused:
        judge(standing(Status.PENDING), order(Action.APPROVE, version=1), NOW)

    assert refused.value.details["current"] == {
        "status": "pending",
        "version": VERSION,
        "decided_at": None,
        "decided_by": None,
        "decided_by_name": None,
    }


def test_clock_that_went_back_keeps_the_order_of_decisions() -> None:
    ahead = replace(standing(Status.APPROVED), decided_at=NOW + timedelta(seconds=3))

    change = judge(ahead, order(Action.DENY), NOW)

    assert change is not None
    assert change.at > NOW + timedelta(seconds=3)
