"""Files are judged one by one, and sent in requests that the file service takes."""

from typing import Any

import pytest

from bff_core.context import UserId
from bff_core.errors import (
    BffError,
    Conflict,
    DownstreamError,
    DownstreamFailed,
    DownstreamRefused,
    DownstreamTimeout,
    DownstreamUnreachable,
    NotAuthorized,
    NotFound,
)
from services.bff_teacher.contracts.files import MAX_REQUEST_BYTES
from tests.unit.bff_teacher.fakes import (
    batch_id,
)
from tests.unit.bff_teacher.file_fakes import (
    FakeFileUploads,
    MemoryUploads,
)
from tests.unit.bff_teacher.screen_fakes import FakeBatches, a_whole_batch
from tests.unit.bff_teacher.state_fakes import phases
from tests.unit.bff_teacher.upload_scenario import LIMITS, MIB, TEXT, UploadScenario, statuses


async def test_files_go_on_in_one_request_and_are_written_down() -> None:
    scenario = UploadScenario()

    answer = await scenario.send(("Åsa Öberg.txt", TEXT), ("b.TXT", TEXT + b"b"))

    assert scenario.service.sent == [{"Åsa Öberg.txt": TEXT, "b.TXT": TEXT + b"b"}]
    assert statuses(answer) == [("sent", None), ("sent", None)]
    assert (answer.sent, answer.files[0].size, answer.files[0].message) == (2, len(TEXT), None)
    assert [(one.filename, one.status) for one in scenario.uploads.rows] == [
        ("Åsa Öberg.txt", "sent"),
        ("b.TXT", "sent"),
    ]
    assert scenario.announcements.expected == scenario.writes.users == [UserId("anna-1")]
    assert scenario.left_open == 0


BAD = {
    "../x.txt": "bad_name",
    "a/b.txt": "bad_name",
    "C:\\texts\\b.txt": "bad_name",
    "a\0b.txt": "bad_name",
    "a\nb.txt": "bad_name",
    "exe\u202etxt.txt": "bad_name",
    "ä" * 150 + ".txt": "bad_name",
    "": "bad_name",
    ".txt": "wrong_type",
    " .txt": "bad_name",
    "~$essay.docx": "bad_name",
    "\ud800.txt": "bad_name",
    "photo.jpg": "wrong_type",
    "essay.doc": "wrong_type",
    "essay": "wrong_type",
    "essay.pdf": "wrong_type",
    "essay.docx": "wrong_type",
}


@pytest.mark.parametrize(("name", "reason"), BAD.items(), ids=ascii)
async def test_a_bad_file_refuses_itself_and_not_its_siblings(name: str, reason: str) -> None:
    scenario = UploadScenario()

    answer = await scenario.send(("a.txt", TEXT), (name, TEXT), ("b.txt", TEXT))

    assert statuses(answer) == [("sent", None), ("refused", reason), ("sent", None)]
    assert answer.files[1].message
    assert scenario.service.sent == [{"a.txt": TEXT, "b.txt": TEXT}]
    assert scenario.left_open == 0


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.txt", b"", "empty"),
        ("a.txt", b"PK\x03\x04" + TEXT, "wrong_type"),
        ("a.txt", b"%PDF-1.7" + TEXT, "wrong_type"),
        ("a.pdf", b"%PDF-1.7" + TEXT, None),
        ("a.pdf", b"\xef\xbb\xbf%PDF-1.7" + TEXT, None),
        ("a.docx", b"PK\x03\x04" + TEXT, None),
        ("a.txt", b"x" * (LIMITS.file + 1), "too_large"),
        ("a.txt", b"x" * LIMITS.file, None),
    ],
)
async def test_content_is_judged_by_its_beginning_and_its_size(
    name: str, data: bytes, reason: str | None
) -> None:
    scenario = UploadScenario()

    answer = await scenario.send((name, data))

    assert statuses(answer) == [("sent" if reason is None else "refused", reason)]
    assert (len(scenario.service.sent), scenario.left_open) == (reason is None, 0)


async def test_files_beyond_fifty_are_refused_one_by_one() -> None:
    scenario = UploadScenario()

    answer = await scenario.send(*((f"{number}.txt", TEXT) for number in range(52)))

    assert statuses(answer)[49:] == [("sent", None), *[("refused", "too_many")] * 2]
    assert sum(map(len, scenario.service.sent)) == 50


async def test_a_larger_choice_goes_in_several_requests_of_whole_files() -> None:
    scenario = UploadScenario()
    sizes = (7 * MIB, 7 * MIB, 7 * MIB, 15 * MIB, 1000)

    answer = await scenario.send(
        *((f"{number}.txt", b"x" * size) for number, size in enumerate(sizes))
    )

    assert [list(request) for request in scenario.service.sent] == [
        ["0.txt", "1.txt"],
        ["2.txt"],
        ["3.txt", "4.txt"],
    ]
    assert all(
        sum(map(len, request.values())) < MAX_REQUEST_BYTES for request in scenario.service.sent
    )
    assert (answer.sent, scenario.left_open) == (5, 0)


FAILURES = {
    "not_sent": [DownstreamUnreachable("files", sent=False), DownstreamRefused("files")],
    "unknown": [DownstreamTimeout("files"), DownstreamFailed("files", upstream_status=500)],
}


@pytest.mark.parametrize(
    ("outcome", "failure"), [(key, one) for key, found in FAILURES.items() for one in found]
)
async def test_a_request_that_failed_is_told_apart_from_one_that_went(
    outcome: str, failure: DownstreamError
) -> None:
    scenario = UploadScenario(service=FakeFileUploads(fails=[None, failure]))

    answer = await scenario.send(("a.txt", b"x" * 15 * MIB), ("b.txt", b"x" * 15 * MIB))

    assert statuses(answer) == [("sent", None), (outcome, "service")]
    assert [one.status.value for one in scenario.uploads.rows] == ["sent", outcome]


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        (DownstreamUnreachable("files", sent=False), 503),
        (DownstreamTimeout("files"), 504),
        (Conflict(details={"reason": "locked"}), 409),
        (NotAuthorized(), 403),
    ],
)
async def test_when_no_file_went_the_failure_is_the_answer(failure: BffError, status: int) -> None:
    scenario = UploadScenario(service=FakeFileUploads(fails=[failure]))

    error = await scenario.fail(("a.txt", TEXT), ("b.jpg", TEXT))

    assert error.status == status
    assert scenario.left_open == 0


async def test_a_body_that_breaks_off_sends_nothing_of_its_last_file() -> None:
    scenario = UploadScenario()

    error = await scenario.fail(("a.txt", TEXT), ("b.txt", TEXT), breaks=True)

    assert (error.status, scenario.service.sent, scenario.left_open) == (400, [], 0)


@pytest.mark.parametrize("form", [{"field_name": "file"}, {}])
async def test_a_form_without_files_is_refused(form: dict[str, Any]) -> None:
    scenario = UploadScenario()

    error = await scenario.fail(*((("a.txt", TEXT),) if form else ()), **form)

    assert (error.status, scenario.service.sent) == (400, [])


async def test_another_teacher_s_batch_costs_no_byte_of_the_body() -> None:
    scenario = UploadScenario()
    scenario.batches.rows = [a_whole_batch(1, user_id="erik-1")]

    error = await scenario.fail(("a.txt", TEXT))

    assert (error.status, scenario.spool.files) == (403, [])


@pytest.mark.parametrize(
    ("spellcheck", "reason"),
    [("dispatch_initiated", "processing"), ("failed", "files_complete")],
)
async def test_a_batch_that_has_begun_takes_no_files(spellcheck: str, reason: str) -> None:
    scenario = UploadScenario()
    scenario.pipelines.states = {batch_id(1): phases("spellcheck", spellcheck=spellcheck)}

    error = await scenario.fail(("a.txt", TEXT))

    assert (error.status, error.details["reason"], scenario.spool.files) == (409, reason, [])


async def test_a_batch_that_ras_does_not_know_yet_is_owned_as_bos_says() -> None:
    scenario = UploadScenario()
    early = NotFound(details={"reason": "not_yet_available"})
    scenario.batches = FakeBatches(failures={batch_id(1): early})

    answer = await scenario.send(("a.txt", TEXT))
    scenario.pipelines.down = DownstreamFailed("bos", reason="other_owner")
    foreign = await scenario.fail(("a.txt", TEXT))

    assert (answer.sent, foreign.status) == (1, 403)


async def test_without_its_records_nothing_is_sent() -> None:
    scenario = UploadScenario(uploads=MemoryUploads(down={"add"}))

    error = await scenario.fail(("a.txt", TEXT))

    assert (error.status, scenario.service.sent, scenario.left_open) == (503, [], 0)
