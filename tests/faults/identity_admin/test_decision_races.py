"""Decisions of two admins at once: one wins, and only its writes remain.

1,000 races with FULL_NUMBERS=1, else 100, on each kind of database; fewer of the rarer kinds.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bff_core.errors import BffError, NotAuthorized, NotFound
from services.identity_admin.approval import AddressTaken, LastAdmin, VersionMismatch
from services.identity_admin.domain_handlers.decide_handler import DecideHandler, DecisionOutcome
from services.identity_admin.implementations.database import open_engine
from services.identity_admin.implementations.invitation_repository import SqlInvitations
from services.identity_admin.models import (
    AccountScope,
    DecisionAction,
    DecisionCommand,
    Invitation,
)
from tests.faults.identity_admin.decisions import decide, decide_handler_for, invitation_of
from tests.identity_databases import (
    Account,
    RecordedWrites,
    add_approved,
    add_deactivated,
    add_pending,
    add_users,
    an_admin,
    deadline_in,
    recorded_writes,
    scaled,
)

MUTUAL_RACES = scaled(100)
CONCURRENT_RACES = 5
Outcome = DecisionOutcome | BffError
UNTOUCHED = RecordedWrites("approved", 1, 0, 0, 0)


def admin_of(school: str) -> Account:
    return Account(roles=("teacher", "admin"), first_name="Karin", org_id=school)


async def attempt(
    handler: DecideHandler, user_id: UUID, action: DecisionAction, actor: UUID
) -> Outcome:
    try:
        return await decide(handler, user_id, action, 1, actor)
    except BffError as error:
        return error


@dataclass(frozen=True, slots=True)
class Race:
    """Two decisions at once on an account that `add` makes; two processes have an engine each."""

    add: Callable[..., Awaitable[None]]
    actions: tuple[DecisionAction, DecisionAction]
    number: int


RACES = {
    "approve, deny": Race(add_pending, (DecisionAction.APPROVE, DecisionAction.DENY), scaled(1000)),
    "deactivate, deny": Race(
        add_approved, (DecisionAction.DEACTIVATE, DecisionAction.DENY), scaled(300)
    ),
}


async def run_race(
    handlers: tuple[DecideHandler, DecideHandler],
    decisions: tuple[tuple[UUID, DecisionAction, UUID], tuple[UUID, DecisionAction, UUID]],
) -> tuple[Outcome, Outcome]:
    """Make two decisions (account, action, actor) at once; one handler each, as in two processes."""
    async with asyncio.TaskGroup() as group:
        one = group.create_task(attempt(handlers[0], *decisions[0]))
        two = group.create_task(attempt(handlers[1], *decisions[1]))
    return one.result(), two.result()


@pytest.fixture
async def handlers(
    engine: AsyncEngine, database: str
) -> AsyncIterator[tuple[DecideHandler, DecideHandler]]:
    other_engine = open_engine(database)
    yield decide_handler_for(engine), decide_handler_for(other_engine)
    await other_engine.dispose()


def assert_one_winner(outcomes: tuple[Outcome, Outcome]) -> str:
    """Return the winner's status; the loser's error holds the winner's decision."""
    (winner,) = [one for one in outcomes if isinstance(one, DecisionOutcome)]
    (loser,) = [one for one in outcomes if isinstance(one, BffError)]
    assert isinstance(loser, VersionMismatch)
    current = loser.details["current"]
    assert isinstance(current, dict)
    assert current["status"] == winner.decision.status
    assert current["decided_by"] == winner.decision.decided_by
    assert current["decided_at"] is not None
    return winner.decision.status


@pytest.mark.parametrize("kind", RACES)
async def test_one_of_two_racing_admins_wins(
    engine: AsyncEngine, handlers: tuple[DecideHandler, DecideHandler], kind: str
) -> None:
    race, admins = RACES[kind], (an_admin(), an_admin())
    accounts = [Account() for _ in range(race.number)]
    await add_approved(engine, *admins)
    await race.add(engine, *accounts)
    (first, second), (one_admin, other_admin) = race.actions, admins

    async def run_races(accounts: list[Account]) -> list[str]:
        return [
            assert_one_winner(
                await run_race(
                    handlers,
                    (
                        (one.user_id, first, one_admin.user_id),
                        (one.user_id, second, other_admin.user_id),
                    ),
                )
            )
            for one in accounts
        ]

    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(run_races(accounts[start::CONCURRENT_RACES]))
            for start in range(CONCURRENT_RACES)
        ]

    wins = Counter(status for task in tasks for status in task.result())
    assert wins.total() == race.number
    for one in accounts:
        writes = await recorded_writes(engine, one.user_id)
        assert (writes.version, writes.history, writes.audits, writes.events) == (2, 1, 1, 1)


@pytest.mark.parametrize("others", [0, 1], ids=["two admins", "three admins"])
async def test_admins_who_deactivate_each_other_leave_one_of_them_active(
    engine: AsyncEngine, handlers: tuple[DecideHandler, DecideHandler], others: int
) -> None:
    for number in range(MUTUAL_RACES):
        school = f"org-{number}"
        one, two, *rest = [admin_of(school) for _ in range(2 + others)]
        await add_approved(engine, one, two, *rest)
        action = DecisionAction.DEACTIVATE

        outcomes = await run_race(
            handlers, ((two.user_id, action, one.user_id), (one.user_id, action, two.user_id))
        )

        (loser,) = [outcome for outcome in outcomes if isinstance(outcome, BffError)]
        assert isinstance(loser, NotAuthorized)
        states = [(await recorded_writes(engine, admin.user_id)).status for admin in (one, two)]
        assert sorted(states) == ["approved", "deactivated"]


async def test_admins_of_elsewhere_leave_an_organisation_its_last_admin(
    engine: AsyncEngine, handlers: tuple[DecideHandler, DecideHandler]
) -> None:
    anywhere = an_admin(), an_admin()
    await add_approved(engine, *anywhere)
    for number in range(MUTUAL_RACES):
        school = f"org-{number}"
        one, two = admin_of(school), admin_of(school)
        # A colleague, and a former admin, do not count.
        await add_approved(engine, one, two, Account(org_id=school))
        await add_deactivated(engine, admin_of(school))

        outcomes = await run_race(
            handlers,
            (
                (one.user_id, DecisionAction.DEACTIVATE, anywhere[0].user_id),
                (two.user_id, DecisionAction.DENY, anywhere[1].user_id),
            ),
        )

        (loser,) = [outcome for outcome in outcomes if isinstance(outcome, BffError)]
        assert isinstance(loser, LastAdmin)


async def test_account_of_another_organisation_is_not_found_and_not_locked(
    engine: AsyncEngine, handlers: tuple[DecideHandler, DecideHandler]
) -> None:
    admin, stranger, without_row = admin_of("org-1"), Account(org_id="org-2"), Account()
    await add_approved(engine, admin, stranger)
    await add_users(engine, [without_row])
    scope = AccountScope("org-1")

    for action in set(DecisionAction) - {DecisionAction.INVITE}:
        for account in (stranger, without_row, Account()):
            command = DecisionCommand(account.user_id, action, 1, admin.user_id, uuid4())
            with pytest.raises(NotFound):
                await handlers[0].execute(command, deadline_in(), scope)

    assert await recorded_writes(engine, stranger.user_id) == UNTOUCHED
    assert (await recorded_writes(engine, without_row.user_id)).status == "absent"


async def test_one_address_invited_by_two_admins_gets_one_account(
    engine: AsyncEngine, database: str
) -> None:
    other_engine = open_engine(database)
    repositories = SqlInvitations(engine), SqlInvitations(other_engine)
    admins = an_admin(), an_admin()
    await add_approved(engine, *admins)

    async def invite(number: int, wanted: Invitation) -> BffError | bool:
        try:
            return (await repositories[number].create(wanted, deadline_in()))[1]
        except BffError as error:
            return error

    for _ in range(MUTUAL_RACES):
        first = invitation_of(uuid4(), admins[0].user_id)
        second = replace(invitation_of(uuid4(), admins[1].user_id), email=first.email)
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(invite(number, wanted))
                for number, wanted in enumerate((first, second))
            ]
        outcomes = [task.result() for task in tasks]

        assert outcomes.count(False) == 1
        assert sum(isinstance(one, AddressTaken) for one in outcomes) == 1
        writes = [await recorded_writes(engine, one.user_id) for one in (first, second)]
        assert sorted(one.status for one in writes) == ["absent", "approved"]
    await other_engine.dispose()


async def test_same_decision_of_two_racing_admins_is_made_once(engine: AsyncEngine) -> None:
    person, admins = Account(), (an_admin(), an_admin())
    await add_approved(engine, *admins)
    await add_pending(engine, person)
    handler = decide_handler_for(engine)

    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(
                decide(handler, person.user_id, DecisionAction.APPROVE, 1, admin.user_id)
            )
            for admin in admins
        ]

    first, second = sorted((task.result() for task in tasks), key=lambda one: one.replayed)
    assert (first.replayed, second.replayed) == (False, True)
    assert first.decision == second.decision
    assert (await recorded_writes(engine, person.user_id)).events == 1
