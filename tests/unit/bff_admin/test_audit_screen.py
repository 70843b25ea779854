from datetime import timedelta

import pytest

from bff_core.errors import DownstreamTimeout, NotAuthorized, ValidationFailed
from bff_core.testing import FakeClock
from services.bff_admin.dto.audit_v1 import AdminAuditQuery, AdminAuditV1
from services.bff_admin.screens.audit import AuditScreen, AuditTrail
from tests.unit.bff_admin.fakes import (
    START,
    FakeDecisions,
    FakeSettingChanges,
    a_change,
    a_decision,
    an_admin,
)

CHANGES = [a_change(3, 30), a_change(2, 20), a_change(1, 10)]
DECISIONS = [a_decision(9, 25), a_decision(4, 5)]


def a_screen(changes: FakeSettingChanges, decisions: FakeDecisions) -> AuditScreen:
    return AuditScreen(AuditTrail(changes, decisions), FakeClock())


def entries_of(page: AdminAuditV1) -> list[tuple[str, int]]:
    return [(entry.source, entry.sequence) for entry in page.entries]


def missing(page: AdminAuditV1) -> dict[str, str | None]:
    return {part.name: part.code for part in page.parts if part.status == "missing"}


async def test_a_page_ends_amid_both_sources_and_the_next_goes_on() -> None:
    screen = a_screen(FakeSettingChanges(CHANGES), FakeDecisions(DECISIONS))

    first = await screen.load(an_admin(), AdminAuditQuery(limit=2))
    second = await screen.load(an_admin(), AdminAuditQuery(limit=2, cursor=first.next_cursor))
    third = await screen.load(an_admin(), AdminAuditQuery(limit=2, cursor=second.next_cursor))

    assert entries_of(first) == [("settings", 3), ("users", 9)]
    assert entries_of(second) == [("settings", 2), ("settings", 1)]
    assert entries_of(third) == [("users", 4)]
    assert third.next_cursor is None
    assert {page.complete_until for page in (first, second, third)} == {None}


async def test_a_source_away_behind_what_is_known_of_it_lacks_nothing_yet() -> None:
    decisions = FakeDecisions([a_decision(9, 5)])
    screen = a_screen(FakeSettingChanges(CHANGES), decisions)
    first = await screen.load(an_admin(), AdminAuditQuery(limit=1))
    decisions.down = DownstreamTimeout("identity_admin")

    second = await screen.load(an_admin(), AdminAuditQuery(limit=1, cursor=first.next_cursor))

    # The oldest given is of minute 20, and what is away begins with minute 5.
    assert entries_of(second) == [("settings", 2)]
    assert second.complete_until is None
    assert missing(second) == {"users": "TIMEOUT"}


async def test_a_source_away_says_from_when_on_it_may_lack() -> None:
    decisions = FakeDecisions([a_decision(9, 25)])
    screen = a_screen(FakeSettingChanges(CHANGES), decisions)
    first = await screen.load(an_admin(), AdminAuditQuery(limit=1))
    decisions.down = DownstreamTimeout("identity_admin")

    second = await screen.load(an_admin(), AdminAuditQuery(limit=5, cursor=first.next_cursor))

    assert entries_of(second) == [("settings", 2), ("settings", 1)]
    assert second.complete_until == START + timedelta(minutes=25)
    assert second.next_cursor is not None


async def test_identity_that_refuses_this_admin_costs_its_part() -> None:
    screen = a_screen(FakeSettingChanges(CHANGES), FakeDecisions(down=NotAuthorized()))

    page = await screen.load(an_admin(), AdminAuditQuery())

    assert missing(page) == {"users": "AUTHORIZATION_ERROR"}


async def test_a_source_that_has_ended_is_not_asked_again() -> None:
    changes = FakeSettingChanges([a_change(1, 60)])
    screen = a_screen(changes, FakeDecisions(DECISIONS))
    first = await screen.load(an_admin(), AdminAuditQuery(limit=2))

    await screen.load(an_admin(), AdminAuditQuery(limit=2, cursor=first.next_cursor))

    assert len(changes.queries) == 1


async def test_a_cursor_of_other_filters_is_refused() -> None:
    screen = a_screen(FakeSettingChanges(CHANGES), FakeDecisions(DECISIONS))
    first = await screen.load(an_admin(), AdminAuditQuery(limit=1))

    with pytest.raises(ValidationFailed):
        await screen.load(an_admin(), AdminAuditQuery(actor="admin-1", cursor=first.next_cursor))
