"""Requests to class management: URL, credentials, body, decoding and errors of each method."""

import json

import pytest

from bff_core.client import ServiceClient
from bff_core.context import RequestContext
from bff_core.errors import DownstreamRefused, DownstreamUnreachable
from services.bff_teacher.clients.cms import (
    HttpAssociations,
    HttpClasses,
    HttpStudents,
)
from services.bff_teacher.contracts.cms import ConfirmItem
from tests.aioresponses_compat import MockedDownstream
from tests.unit.service_clients import (
    ANY_URL,
    IDENTITY,
    RULE,
    SERVICE_KEY,
    USER,
    credentials_in,
    the_request,
)

BY_USER = {"X-User-ID": USER}
STUDENT = {"student_id": "s-1", "first_name": "Maja", "last_name": "Ek"}
WRITER = {
    "essay_id": "e-1",
    "student_id": "s-1",
    "student_person_name": {"first_name": "Maja", "last_name": "Ek"},
}


@pytest.fixture
def classes(client: ServiceClient) -> HttpClasses:
    return HttpClasses(client, IDENTITY, class_list=RULE, class_info=RULE)


@pytest.fixture
def students(client: ServiceClient) -> HttpStudents:
    return HttpStudents(client, IDENTITY, rosters=RULE, student_names=RULE)


@pytest.fixture
def associations(client: ServiceClient) -> HttpAssociations:
    return HttpAssociations(client, associations=RULE, confirm=RULE)


async def test_classes_of_a_teacher(
    classes: HttpClasses, ctx: RequestContext, downstream: MockedDownstream
) -> None:
    downstream.get(ANY_URL, payload={"classes": [{"id": "c-1", "name": "SA1B"}, {"id": 7}]})

    page = await classes.page(ctx, limit=50, offset=100)

    assert the_request(downstream).line == "GET /v1/classes/?limit=50&offset=100"
    assert credentials_in(the_request(downstream)) == BY_USER
    assert [one.name for one in page.value.classes] == ["SA1B"]
    assert page.value.skipped == 1


async def test_classes_of_batches(
    classes: HttpClasses, ctx: RequestContext, downstream: MockedDownstream
) -> None:
    downstream.get(ANY_URL, payload={"b-1": {"class_id": "c-1", "class_name": "SA1B"}, "b-2": None})

    infos = (await classes.of_batches(ctx, ["b-1", "b-2"])).value

    received = the_request(downstream)
    assert received.url.path == "/internal/v1/batches/class-info"
    assert dict(received.url.query) == {"batch_ids": "b-1,b-2"}
    assert credentials_in(received) == SERVICE_KEY
    assert infos["b-1"] is not None
    assert (infos["b-1"].class_name, infos["b-2"]) == ("SA1B", None)


@pytest.mark.parametrize(("ids", "calls"), [(0, 0), (50, 1), (51, 2), (101, 3)])
async def test_fifty_batches_go_into_one_call(
    classes: HttpClasses, ctx: RequestContext, downstream: MockedDownstream, ids: int, calls: int
) -> None:
    downstream.get(ANY_URL, payload={}, repeat=True)

    await classes.of_batches(ctx, [f"b-{number}" for number in range(ids)])

    assert len(downstream.received) == calls


async def test_a_roster(
    students: HttpStudents, ctx: RequestContext, downstream: MockedDownstream
) -> None:
    downstream.get(ANY_URL, payload={"students": [STUDENT]})

    roster = await students.roster(ctx, "c-1")

    assert the_request(downstream).line == "GET /v1/classes/c-1/roster"
    assert credentials_in(the_request(downstream)) == BY_USER
    assert [student.first_name for student in roster.value.students] == ["Maja"]


async def test_a_roster_is_read_without_the_placeholder_of_cms(
    students: HttpStudents, ctx: RequestContext, downstream: MockedDownstream
) -> None:
    placeholder = STUDENT | {"student_id": "s-9", "email": "unknown.c1@huleedu.system"}
    downstream.get(ANY_URL, payload={"students": [placeholder, STUDENT]})

    roster = (await students.roster(ctx, "c-1")).value

    assert [student.student_id for student in roster.students] == [STUDENT["student_id"]]


async def test_student_names_of_a_batch(
    students: HttpStudents, ctx: RequestContext, downstream: MockedDownstream
) -> None:
    downstream.get(ANY_URL, payload=[WRITER])

    names = await students.of_batch(ctx, "b-1")

    assert the_request(downstream).line == "GET /internal/v1/batches/b-1/student-names"
    assert credentials_in(the_request(downstream)) == SERVICE_KEY
    assert [one.student_person_name.last_name for one in names.value] == ["Ek"]


async def test_the_student_of_an_essay(
    students: HttpStudents, ctx: RequestContext, downstream: MockedDownstream
) -> None:
    downstream.get(ANY_URL, payload=WRITER)

    found = await students.of_essay(ctx, "e-1")

    assert the_request(downstream).line == "GET /internal/v1/associations/essay/e-1"
    assert credentials_in(the_request(downstream)) == SERVICE_KEY
    assert found.value is not None
    assert found.value.student_id == "s-1"


async def test_an_essay_without_a_student(
    students: HttpStudents, ctx: RequestContext, downstream: MockedDownstream
) -> None:
    downstream.get(ANY_URL, status=404, payload={"error": {}})

    assert (await students.of_essay(ctx, "e-1")).value is None


async def test_a_router_s_404_does_not_mean_no_student(
    students: HttpStudents, ctx: RequestContext, downstream: MockedDownstream
) -> None:
    downstream.get(ANY_URL, status=404, content_type="text/html")

    with pytest.raises(DownstreamRefused):
        await students.of_essay(ctx, "e-1")


async def test_suggested_associations(
    associations: HttpAssociations, ctx: RequestContext, downstream: MockedDownstream
) -> None:
    row = {"essay_id": "e-1", "suggested_student_id": "s-1"}
    downstream.get(ANY_URL, payload={"associations": [row]})

    page = await associations.suggested(ctx, "b-1")

    assert the_request(downstream).line == "GET /v1/batches/b-1/student-associations"
    assert credentials_in(the_request(downstream)) == BY_USER
    assert [one.suggested_student_id for one in page.value.associations] == ["s-1"]


async def test_confirming_associations(
    associations: HttpAssociations, ctx: RequestContext, downstream: MockedDownstream
) -> None:
    downstream.post(ANY_URL, payload={"status": "confirmed"})

    await associations.confirm(ctx, "b-1", [ConfirmItem("e-1", "s-1", confirmed=True)])

    received = the_request(downstream)
    assert received.line == "POST /v1/batches/b-1/student-associations/confirm"
    assert credentials_in(received) == BY_USER
    assert received.headers["Content-Type"] == "application/json"
    item = {"essay_id": "e-1", "student_id": "s-1", "confirmed": True}
    assert json.loads(received.body or b"") == {"user_id": USER, "associations": [item]}


async def test_a_confirmation_that_broke_off_may_have_been_sent(
    associations: HttpAssociations, ctx: RequestContext, downstream: MockedDownstream
) -> None:
    downstream.post(ANY_URL, exception=ConnectionResetError())

    with pytest.raises(DownstreamUnreachable) as caught:
        await associations.confirm(ctx, "b-1", [])

    assert caught.value.sent
