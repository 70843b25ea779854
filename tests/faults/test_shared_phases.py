"""Phases of a page: what they cost, and what is said without them."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pytest

from bff_core.client import ServiceClient, http_session
from bff_core.clock import SystemClock
from bff_core.composition import fan_out
from bff_core.context import Deadline
from bff_core.settings import Downstream, Operation
from bff_core.testing import ANY, Reply, a_client_runtime, a_context
from services.bff_teacher.clients.bos import HttpPipelines
from services.bff_teacher.screens.states import StateReads
from tests.faults.conftest import OpenReplica, Screens, hurried
from tests.faults.platform_answers import ROW, TEACHER, batch_page, phases
from tests.faults.test_teacher_faults import FAULTS, missing
from tests.unit.bff_teacher.fakes import a_batch
from tests.unit.bff_teacher.state_fakes import FakeBatchRecords, FakeReviews

DASHBOARD = "/v1/teacher/dashboard"
PAGE = [f"3f0c6a52-9d1e-4c77-8a55-{number:012d}" for number in range(20)]
BEGUN, NOT_BEGUN = PAGE[:10], PAGE[10:]
PENDING = ROW | {"overall_status": "pending_content", "processing_completed_at": None, "essays": []}
KEPT = {
    "BOS__PIPELINE_STATE__MAX_AGE": "60",
    "CMS__VALIDATION__MAX_AGE": "60",
}
LONGEST = 15.0


def rows(batch: str) -> bytes:
    row = {"essay_id": batch, "suggested_student_id": TEACHER, "created_at": "2026-01-30T08:58:41"}
    return json.dumps({"associations": [row]}).encode()


def show_page(screens: Screens) -> None:
    """Twenty unfinished batches: ten run, ten wait for their teacher."""
    found = [PENDING | {"batch_id": one} for one in PAGE]
    screens.ras.on(f"/internal/v1/batches/user/{TEACHER}", Reply(body=batch_page(*found)))
    screens.cms.on("/internal/v1/batches/class-info", Reply(body=b"{}"))
    for one in PAGE:
        word = "dispatch_initiated" if one in BEGUN else "pending_dependencies"
        path = f"/internal/v1/batches/{one}/pipeline-state"
        screens.bos.on(path, Reply(body=phases(one, word), delay=0.02))
        screens.cms.on(f"/v1/batches/{one}/student-associations", Reply(body=rows(one)))
        screens.cms.on(f"/internal/v1/batches/{one}/student-names", Reply(body=b"[]"))


def statuses(body: dict[str, Any]) -> Counter[tuple[str | None, str | None]]:
    return Counter((row["status"], row["status_source"]) for row in body["batches"])


async def test_500_callers_of_a_page_cost_one_read_a_batch(page: Screens) -> None:
    found = [a_batch(1, batch_id=one, overall_status="pending_content") for one in PAGE]
    clock = SystemClock()
    ctx = replace(a_context(TEACHER, clock=clock), deadline=Deadline.after(60, clock))
    rule = Operation(budget=30.0, max_age=60, in_flight=64, in_flight_per_user=32)
    async with http_session() as session:
        settings = Downstream(name="bos", url=page.bos.url)
        async with aclosing(ServiceClient(session, settings, a_client_runtime())) as bos:
            pipelines = HttpPipelines(bos, pipeline_state=rule)
            only_phases = frozenset({"validation"})
            reads = StateReads(
                pipelines,
                FakeReviews(),
                FakeBatchRecords(),
                clock,
                only_phases,
                budget=30.0,
            )
            # A connection has half a second to open, which 500 callers at once may take.
            uncached = HttpPipelines(bos, pipeline_state=Operation(budget=30.0))
            await replace(reads, pipelines=uncached).read(ctx, found)
            page.bos.requests.clear()
            async with fan_out() as group:
                asking = [group.create_task(reads.read(ctx, found)) for _ in range(500)]

    answers = [one.result().phases for one in asking]
    assert {len(one.values) if one else 0 for one in answers} == {len(PAGE)}
    assert sorted(one.path for one in page.bos.requests) == list(paths_of(page))


async def test_a_page_costs_20_reads_when_nothing_is_known_and_none_within_the_cache_time(
    open_replica: OpenReplica,
) -> None:
    screens = await open_replica(**KEPT)
    show_page(screens)

    answers = [await screens.get(DASHBOARD) for _ in range(3)]

    assert [missing(body) for _, body, _ in answers] == [{}, {}, {}]
    assert sorted(one.path for one in screens.bos.requests) == list(paths_of(screens))
    assert screens.bos.busiest <= 8
    # Rows older than 25 hours are confirmed by CMS's timer.
    assert statuses(answers[0][1]) == {("processing", "bos"): 10, ("ready", "cms"): 10}


@pytest.fixture
async def page(open_replica: OpenReplica) -> Screens:
    screens = await open_replica()
    show_page(screens)
    return screens


@pytest.fixture
async def hurried_page(open_replica: OpenReplica) -> Screens:
    screens = await open_replica(**hurried("BOS__PIPELINE_STATE", "CMS__VALIDATION"))
    show_page(screens)
    return screens


def paths_of(screens: Screens) -> Iterator[str]:
    return (f"/internal/v1/batches/{one}/pipeline-state" for one in PAGE)


LIES = {
    "names another owner": Reply(body=phases(PAGE[0]).replace(TEACHER.encode(), b"erik-1")),
    "names another batch": Reply(body=phases()),
    "has a word of its own": Reply(body=phases(PAGE[0], "running")),
    "has no such route": replace(FAULTS["answers HTML with 200"], status=404),
}
ALL = FAULTS | LIES


@pytest.mark.parametrize("fault", ALL)
async def test_orchestrator_at_fault_costs_the_states_alone(
    hurried_page: Screens, fault: str
) -> None:
    for path in paths_of(hurried_page):
        hurried_page.bos.on(path, ALL[fault])

    started = time.monotonic()
    status, body, headers = await hurried_page.get(DASHBOARD)

    assert time.monotonic() - started < LONGEST
    assert (status, list(missing(body))) == (200, ["phases"])
    assert headers["x-parts-incomplete"] == "phases"
    assert statuses(body) == {(None, None): 20}
    assert [row for row in body["batches"] if row["attention"] or row["progress_percent"]] == []
    # What a failed read cannot tell is not asked of another service.
    assert [one for one in hurried_page.cms.requests if "student-associations" in one.path] == []


@pytest.mark.parametrize("fault", ["hangs", "answers 500 in JSON", "answers garbage", "drips"])
async def test_class_service_at_fault_costs_what_has_not_begun(
    hurried_page: Screens, fault: str
) -> None:
    for one in NOT_BEGUN:
        hurried_page.cms.on(f"/v1/batches/{one}/student-associations", FAULTS[fault])

    started = time.monotonic()
    status, body, _ = await hurried_page.get(DASHBOARD)

    assert time.monotonic() - started < LONGEST
    assert (status, list(missing(body))) == (200, ["validation"])
    assert statuses(body) == {("processing", "bos"): 10, (None, None): 10}


async def test_one_hanging_batch_costs_its_own_state(hurried_page: Screens) -> None:
    hurried_page.bos.on(f"/internal/v1/batches/{PAGE[3]}/pipeline-state", Reply(hang=True))

    _, body, _ = await hurried_page.get(DASHBOARD)

    assert list(missing(body)) == ["phases"]
    assert statuses(body) == {("processing", "bos"): 9, ("ready", "cms"): 10, (None, None): 1}


async def test_without_the_ledger_it_is_unknown_what_waits(
    open_replica: OpenReplica, tmp_path: Any
) -> None:
    nowhere = tmp_path / "not-a-folder"
    nowhere.write_text("")
    screens = await open_replica(LEDGER_URL=f"sqlite:///{nowhere}/ledger.sqlite3")
    show_page(screens)
    fresh = rows(NOT_BEGUN[0]).replace(b"2026-01-30T08:58:41", b"2099-01-01T00:00:00")
    screens.cms.on(f"/v1/batches/{NOT_BEGUN[0]}/student-associations", Reply(body=fresh))

    _, body, _ = await screens.get(DASHBOARD)

    assert missing(body)["validation"] == "SERVICE_UNAVAILABLE"
    assert statuses(body) == {("processing", "bos"): 10, ("ready", "cms"): 9, (None, None): 1}


async def test_phases_of_a_stranger_s_batch_are_never_read(page: Screens) -> None:
    foreign = [PENDING | {"batch_id": one, "user_id": "erik-1"} for one in PAGE]
    page.ras.on(f"/internal/v1/batches/user/{TEACHER}", Reply(body=batch_page(*foreign)))
    page.ras.on(ANY, Reply(body=json.dumps(foreign[0]).encode()))

    await page.get(DASHBOARD)
    status, _, _ = await page.get(f"/v1/teacher/batches/{PAGE[0]}")

    assert status == 403
    assert page.bos.requests == []
