"""Decisions for every combination of status, action, version, own account and missing account."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from uuid import UUID

import pytest

from bff_core.errors import NotAuthorized, NotFound
from services.identity_admin.approval import (
    TRANSITIONS,
    LastAdmin,
    OwnAccount,
    TransitionRefused,
    VersionMismatch,
    decide,
)
from services.identity_admin.models import (
    ActiveAdmins,
    ApprovalState,
    ApprovalStatus,
    DecisionAction,
    DecisionCommand,
    Transition,
)

PERSON = UUID(int=1)
ADMIN = UUID(int=2)
OTHER = UUID(int=3)
NOW = datetime(2026, 2, 1, 12, tzinfo=UTC)
EARLIER = NOW - timedelta(days=1)
VERSION = 4


def state_of(status: ApprovalStatus) -> ApprovalState:
    undecided = ApprovalState(PERSON, status, VERSION, EARLIER)
    if status is ApprovalStatus.PENDING:
        return undecided
    return replace(undecided, decided_at=EARLIER, decided_by=OTHER, decided_by_name="Karin Ek")


def command(
    action: DecisionAction, *, version: int | None = VERSION, actor: UUID | None = ADMIN
) -> DecisionCommand:
    return DecisionCommand(PERSON, action, version, actor, UUID(int=9), reason="seen the papers")


COMBINATIONS = list(product(ApprovalStatus, DecisionAction))
CHANGED = [
    (ApprovalStatus.PENDING, DecisionAction.APPROVE),
    (ApprovalStatus.PENDING, DecisionAction.DENY),
    (ApprovalStatus.DENIED, DecisionAction.APPROVE),
    (ApprovalStatus.APPROVED, DecisionAction.DENY),
    (ApprovalStatus.APPROVED, DecisionAction.DEACTIVATE),
    (ApprovalStatus.DEACTIVATED, DecisionAction.REACTIVATE),
]
UNCHANGED = [
    (status, action) for status, action in COMBINATIONS if status is action.resulting_status
]
REFUSED = [one for one in COMBINATIONS if one not in {*CHANGED, *UNCHANGED}]
VERSIONS = (VERSION, VERSION - 1, VERSION + 1, None)
BOTH = ActiveAdmins(frozenset({PERSON, ADMIN}), actor_is_admin=True)


def test_transitions_are_those_of_the_state_machine() -> None:
    assert set(TRANSITIONS) == set(CHANGED)


@pytest.mark.parametrize(("status", "action"), REFUSED)
@pytest.mark.parametrize("version", [VERSION, None])
def test_step_that_the_state_machine_lacks_is_refused_with_the_state(
    status: ApprovalStatus, action: DecisionAction, version: int | None
) -> None:
    with pytest.raises(TransitionRefused) as refused:
        decide(state_of(status), command(action, version=version), NOW)

    assert refused.value.details["reason"] == "not_from_this_state"
    current = refused.value.details["current"]
    assert isinstance(current, dict)
    assert current["status"] == status.value


@pytest.mark.parametrize("action", [DecisionAction.DENY, DecisionAction.DEACTIVATE])
def test_last_admin_of_an_organisation_keeps_access(action: DecisionAction) -> None:
    approved = state_of(ApprovalStatus.APPROVED)
    last = ActiveAdmins(frozenset({PERSON}), actor_is_admin=True)

    with pytest.raises(LastAdmin) as refused:
        decide(approved, command(action), NOW, last)

    assert refused.value.details == {"reason": "last_admin"}
    assert decide(approved, command(action), NOW, BOTH) is not None


def test_admin_who_lost_access_meanwhile_ends_nobody_else_s() -> None:
    admins = ActiveAdmins(frozenset({PERSON}), actor_is_admin=False)

    with pytest.raises(NotAuthorized):
        decide(state_of(ApprovalStatus.APPROVED), command(DecisionAction.DENY), NOW, admins)


@pytest.mark.parametrize(("status", "action"), CHANGED)
@pytest.mark.parametrize("version", [VERSION, None])
def test_new_decision_on_the_right_version_makes_the_next_one(
    status: ApprovalStatus, action: DecisionAction, version: int | None
) -> None:
    wanted = command(action, version=version)

    transition = decide(state_of(status), wanted, NOW)

    assert transition == Transition(wanted, status, action.resulting_status, VERSION + 1, NOW)


@pytest.mark.parametrize(("status", "action"), CHANGED)
@pytest.mark.parametrize("version", [VERSION - 1, VERSION + 1])
def test_new_decision_on_another_version_conflicts(
    status: ApprovalStatus, action: DecisionAction, version: int
) -> None:
    with pytest.raises(VersionMismatch) as refused:
        decide(state_of(status), command(action, version=version), NOW)

    assert refused.value.status == 409


@pytest.mark.parametrize(("status", "action"), UNCHANGED)
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("actor", [ADMIN, OTHER, None])
def test_same_decision_again_changes_nothing_on_any_version(
    status: ApprovalStatus, action: DecisionAction, version: int | None, actor: UUID | None
) -> None:
    assert decide(state_of(status), command(action, version=version, actor=actor), NOW) is None


@pytest.mark.parametrize(("status", "action"), COMBINATIONS)
@pytest.mark.parametrize("version", VERSIONS)
def test_own_account_cannot_be_decided_on(
    status: ApprovalStatus, action: DecisionAction, version: int | None
) -> None:
    with pytest.raises(OwnAccount) as refused:
        decide(state_of(status), command(action, version=version, actor=PERSON), NOW)

    assert refused.value.status == 403
    assert refused.value.details == {"reason": "own_account"}


@pytest.mark.parametrize("action", DecisionAction)
@pytest.mark.parametrize("version", VERSIONS)
def test_missing_account_cannot_be_decided_on(action: DecisionAction, version: int | None) -> None:
    with pytest.raises(NotFound):
        decide(None, command(action, version=version), NOW)


@pytest.mark.parametrize("action", DecisionAction)
def test_missing_own_account_is_refused_as_own_account(action: DecisionAction) -> None:
    with pytest.raises(OwnAccount):
        decide(None, command(action, actor=PERSON), NOW)


def test_conflict_holds_who_decided_and_when() -> None:
    with pytest.raises(VersionMismatch) as refused:
        decide(state_of(ApprovalStatus.DENIED), command(DecisionAction.APPROVE, version=1), NOW)

    assert refused.value.details["current"] == {
        "status": "denied",
        "version": VERSION,
        "decided_at": "2026-01-31T12:00:00.000000Z",
        "decided_by": str(OTHER),
        "decided_by_name": "Karin Ek",
    }


def test_conflict_on_an_undecided_account_has_no_decider() -> None:
    with pytest.raises(VersionMismatch) as refused:
        decide(state_of(ApprovalStatus.PENDING), command(DecisionAction.APPROVE, version=1), NOW)

    assert refused.value.details["current"] == {
        "status": "pending",
        "version": VERSION,
        "decided_at": None,
        "decided_by": None,
        "decided_by_name": None,
    }


def test_clock_that_went_back_keeps_the_order_of_decisions() -> None:
    ahead = replace(state_of(ApprovalStatus.APPROVED), decided_at=NOW + timedelta(seconds=3))

    transition = decide(ahead, command(DecisionAction.DENY), NOW)

    assert transition is not None
    assert transition.decided_at > NOW + timedelta(seconds=3)
