"""A teacher with more batches than the screens search, before a CMS that takes its time."""

from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from bff_core.testing import Reply
from tests.faults import platform_answers as answers
from tests.faults.conftest import Screens, screens_before
from tests.faults.platform_answers import CLASS, ROW, TEACHER
from tests.faults.stub_platform import StubPlatform

LIST = f"/internal/v1/batches/user/{TEACHER}"
CLASS_INFO = "/internal/v1/batches/class-info"
SEARCHED = [str(UUID(int=number + 1, version=4)) for number in range(500)]
CMS_SECONDS = 0.1
"""Longer than a call waits for a slot."""


def teach_1500_batches(platform: StubPlatform) -> None:
    """CMS knows the class of none of them, because a stub does not see for which it is asked."""
    rows = [ROW | {"batch_id": one, "essays": []} for one in SEARCHED]
    platform.ras.on(LIST, Reply(body=answers.batch_page(*rows, total=1500)))
    platform.cms.on(CLASS_INFO, Reply(body=b"{}", delay=CMS_SECONDS))


def asked_for(screens: Screens) -> set[str]:
    """The batches whose classes CMS was asked for."""
    asked = [one for one in screens.cms.requests if one.path == CLASS_INFO]
    queries = [parse_qs(urlsplit(one.target).query)["batch_ids"] for one in asked]
    return {batch_id for (ids,) in queries for batch_id in ids.split(",")}


async def test_filter_by_class_reads_the_classes_of_500_batches(platform: StubPlatform) -> None:
    teach_1500_batches(platform)

    async with screens_before(platform) as screens:
        status, body, _ = await screens.get(f"/v1/teacher/dashboard?class_id={CLASS}")

    assert (status, body.get("total_count"), body.get("batches")) == (200, None, [])
    assert asked_for(screens) == set(SEARCHED)


async def test_class_page_reads_the_classes_of_500_batches(platform: StubPlatform) -> None:
    teach_1500_batches(platform)

    async with screens_before(platform) as screens:
        _, body, _ = await screens.get(f"/v1/teacher/classes/{CLASS}")

    parts = {part["name"]: part["status"] for part in body["parts"]}
    assert (parts["class_batches"], body["batches_complete"]) == ("ok", False)
    assert asked_for(screens) == set(SEARCHED)
