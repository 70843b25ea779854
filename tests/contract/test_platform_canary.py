"""The canary finds each workaround needed beside the emulators, and none once its fault is mended."""

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.contract.emulated_downstreams import KEY, emulated, states
from tests.ports import free_port
from tools.platform_canary.__main__ import SERVICES, main
from tools.platform_canary.asking import Finding, Platform, ask_all
from tools.platform_canary.report import CHANGED, NOT_ASKED, UNCHANGED, as_json, as_table, exit_code
from tools.platform_canary.workarounds import WORKAROUNDS, Workaround

ROOT = Path(__file__).parents[2]
FAULTS = [one.fault for one in WORKAROUNDS]


def of(findings: list[Finding], name: str) -> Finding:
    return next(one for one in findings if one.name == name)


@asynccontextmanager
async def emulators(folder: Path, *names: str) -> AsyncIterator[Platform]:
    """These emulators, as the platform is shipped."""
    async with AsyncExitStack() as stack:
        services = {}
        for name in names:
            (folder / name).mkdir()
            services[name] = await stack.enter_async_context(emulated(name, folder / name))
        yield Platform(services, states(), KEY)


async def test_everything_is_as_expected_beside_the_emulators(tmp_path: Path) -> None:
    async with emulators(tmp_path, *SERVICES) as platform:
        findings = await ask_all(platform)

    unexpected = [one for one in findings if one.verdict not in {"needed", "holds"}]
    assert unexpected == []
    assert [one.name for one in findings if one.kind == "workaround"] == FAULTS
    assert exit_code(findings) == UNCHANGED


def answering(response: Callable[[], httpx.Response]) -> httpx.AsyncClient:
    transport = httpx.MockTransport(lambda _: response())
    return httpx.AsyncClient(transport=transport, base_url="http://real")


PAGE = {"html": "<p>not found"}
OTHER_SHAPE: dict[str, Any] = {"json": ["another", "shape"]}
MENDED: Mapping[str, tuple[int, dict[str, Any]]] = {
    "class-info is out of order": (200, {"json": {}}),
    "the class list without its slash is a redirect": (200, {"json": {}}),
    "the class list has no total": (200, {"json": {"pagination": {"total": 3}}}),
    "a teacher reads the class of another": (404, {"json": {}}),
    "matches do not say whether they are decided": (
        200,
        {"json": {"associations": [{"validation_status": "confirmed"}]}},
    ),
    "review states of several batches have no route": (200, {"json": {}}),
    "the filter takes other words than the answer gives": (200, {"json": {}}),
    "a batch that is not there yet is a bad request": (404, {"json": {}}),
    "one essay has no route": (404, {"json": {"error": "Essay not found"}}),
    "times have no offset": (200, {"json": {"created_at": "2026-02-03T09:05:00.120000Z"}}),
    "a batch at work neither has a phase nor says that it is processed": (
        200,
        {"json": {"current_phase": "spellcheck", "overall_status": "processing"}},
    ),
    "a phase that runs has an end, and the first one no start": (
        200,
        {"json": {"pipeline_state": {"nlp": {"status": "in_progress", "completed_at": None}}}},
    ),
    "an unknown batch is locked without a phase": (404, {"json": {}}),
    "a text has the media type with which it was stored": (200, {"text": "Hej"}),
    "an unknown account is a bad request": (404, {"json": {}}),
    "an account that nobody knows has a balance of zero": (404, {"json": {}}),
    "an unknown path is an internal error": (404, PAGE),
}


@pytest.mark.parametrize("workaround", WORKAROUNDS, ids=FAULTS)
async def test_workaround_of_a_mended_fault_could_go(workaround: Workaround) -> None:
    status, content = MENDED[workaround.fault]
    async with answering(lambda: httpx.Response(status, **content)) as client:
        findings = await ask_all(Platform({workaround.service: client}, states(), KEY))

    found = of(findings, workaround.fault)
    assert (found.verdict, found.files) == ("not needed", workaround.files)
    assert exit_code(findings) == CHANGED
    assert f"could go: {workaround.files[0]}" in as_table(findings)


@pytest.mark.parametrize("workaround", WORKAROUNDS, ids=FAULTS)
async def test_answer_that_shows_neither_fault_nor_fix_decides_nothing(
    workaround: Workaround,
) -> None:
    async with answering(lambda: httpx.Response(401, **OTHER_SHAPE)) as client:
        findings = await ask_all(Platform({workaround.service: client}, states(), KEY))

    assert of(findings, workaround.fault).verdict == "not asked"


@pytest.mark.parametrize("file", sorted({file for one in WORKAROUNDS for file in one.files}))
def test_file_that_could_go_is_there(file: str) -> None:
    assert (ROOT / file).exists()


async def test_broken_expectation_is_a_change_and_shows_no_value() -> None:
    roster = {"students": [{"student_id": 7, "first_name": "Ture Hemlig"}]}
    async with answering(lambda: httpx.Response(200, json=roster)) as client:
        findings = await ask_all(Platform({"cms": client}, states(), KEY))

    broken = of(findings, "a roster names the pupils of a class")
    assert broken.verdict == "broken"
    assert "/students/0/student_id: type does not hold" in broken.seen
    assert "Hemlig" not in as_json(findings) + as_table(findings)
    assert exit_code(findings) == CHANGED


async def test_only_reads_are_sent(tmp_path: Path) -> None:
    async with emulators(tmp_path, "cms", "entitlements") as platform:
        await ask_all(platform)

        for client in platform.services.values():
            log = (await client.get("/_devstack/requests")).json()["requests"]
            assert {one["method"] for one in log} == {"GET"}


async def test_without_ids_only_what_needs_none_is_asked(tmp_path: Path) -> None:
    async with emulators(tmp_path, "cms") as platform:
        findings = await ask_all(replace(platform, states={}))

    assert {one.verdict for one in findings} == {"needed", "holds", "no ids"}
    assert exit_code(findings) == UNCHANGED


async def test_without_the_key_internal_routes_are_not_asked(tmp_path: Path) -> None:
    async with emulators(tmp_path, "cms") as platform:
        findings = await ask_all(replace(platform, key=""))

    found = of(findings, "class-info is out of order")
    assert (found.verdict, found.seen) == ("not asked", "HULEEDU_INTERNAL_API_KEY is not set")
    assert exit_code(findings) == NOT_ASKED


@pytest.fixture
def no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HULEEDU_INTERNAL_API_KEY", raising=False)
    monkeypatch.delenv("PLATFORM_CANARY_TOKEN", raising=False)


@pytest.mark.usefixtures("no_credentials")
def test_service_that_cannot_be_reached_is_told_by_the_exit_code(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = main(["--entitlements", f"http://127.0.0.1:{free_port()}", "--json", "--seconds", "5"])

    report = json.loads(capsys.readouterr().out)
    assert code == report["exit_code"] == NOT_ASKED
    assert {one["seen"] for one in report["findings"] if one["verdict"] == "not asked"} == {
        "ConnectError"
    }


@pytest.mark.usefixtures("no_credentials")
@pytest.mark.parametrize("content", [None, "[]", "{", '{"always": 1}'])
def test_call_that_cannot_ask_anything_says_why(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, content: str | None
) -> None:
    arguments = []
    if content is not None:
        (tmp_path / "states.json").write_text(content)
        arguments = ["--ras", "http://127.0.0.1:9", "--states", str(tmp_path / "states.json")]

    assert main(arguments) == NOT_ASKED
    assert capsys.readouterr().err.startswith("platform_canary: ")
