"""Every kind of fault through a real emulator: what a caller sees of it on the wire."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from devstack.faults.fault import MAX_FAULTS
from tests.faults.faulty_emulator import FaultyEmulator, faulty_emulator

CLASSES = "/v1/classes/"


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultyEmulator]:
    with faulty_emulator("cms", tmp_path_factory.mktemp("data")) as started:
        yield started


@pytest.fixture
def cms(process: FaultyEmulator) -> Iterator[FaultyEmulator]:
    process.client.delete("/_devstack/requests")
    yield process
    process.order("DELETE")


def seconds(cms: FaultyEmulator) -> float:
    began = time.monotonic()
    assert cms.get(CLASSES).status_code == 200
    return time.monotonic() - began


@pytest.mark.parametrize(
    ("status", "words"),
    [(500, "Internal server error"), (503, "Service unavailable"), (404, "Not found"), (499, "Fault")],
)  # fmt: skip
def test_error_is_the_platform_s_plain_string(cms: FaultyEmulator, status: int, words: str) -> None:
    cms.set(f"error={status}")

    answer = cms.get(CLASSES)

    assert (answer.status_code, answer.json()) == (status, {"error": words})


def test_latency_comes_before_the_true_answer(cms: FaultyEmulator) -> None:
    cms.set("latency=300ms..400ms")

    assert seconds(cms) >= 0.3


def test_hang_gives_no_byte_until_the_caller_leaves(cms: FaultyEmulator) -> None:
    cms.set("hang")

    with pytest.raises(httpx.ReadTimeout):
        cms.get(CLASSES, timeout=0.3)


def test_garbage_claims_to_be_json(cms: FaultyEmulator) -> None:
    cms.set("garbage")

    answer = cms.get(CLASSES)

    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    with pytest.raises(ValueError, match="Expecting value"):
        answer.json()


def test_html_is_a_page(cms: FaultyEmulator) -> None:
    cms.set("html")

    answer = cms.get(CLASSES)

    assert answer.headers["content-type"].startswith("text/html")
    assert "<!doctype html>" in answer.text


def test_cut_breaks_the_connection_halfway(cms: FaultyEmulator) -> None:
    whole = cms.get(CLASSES).content
    cms.set("cut")

    head, _, body = cms.raw(CLASSES).partition(b"\r\n\r\n")

    assert f"content-length: {len(whole)}".encode() in head.lower()
    assert body == whole[: len(whole) // 2]
    with pytest.raises(httpx.RemoteProtocolError):
        cms.get(CLASSES)


def test_down_closes_without_a_byte_health_included(cms: FaultyEmulator) -> None:
    cms.set("down")

    assert cms.raw(CLASSES) == cms.raw("/healthz") == b""
    with pytest.raises(httpx.RemoteProtocolError):
        cms.get(CLASSES)


def test_down_on_one_path_leaves_health_alone(cms: FaultyEmulator) -> None:
    cms.set("down path=/v1")

    assert cms.raw(CLASSES) == b""
    assert cms.get("/healthz").status_code == 200


def test_a_share_strikes_the_same_calls_for_the_same_seed(cms: FaultyEmulator) -> None:
    def statuses(seed: int) -> list[int]:
        cms.set("error=500 share=50%", seed=seed)
        return [cms.get(CLASSES).status_code for _ in range(20)]

    assert statuses(seed=1) == statuses(seed=1) != statuses(seed=2)
    assert set(statuses(seed=1)) == {200, 500}


def test_several_at_once_each_on_its_own_path(cms: FaultyEmulator) -> None:
    cms.set("error=500 path=/v1/classes", "error=418 path=/internal", "latency=100ms")

    assert cms.get(CLASSES).status_code == 500
    assert cms.get("/internal/v1/batches/class-info").status_code == 418
    assert cms.get("/nope").status_code == 404


def test_struck_calls_are_in_the_log(cms: FaultyEmulator) -> None:
    cms.set("down")
    cms.raw("/v1/classes/c1")

    assert cms.logged() == ["/v1/classes/c1"]


def test_post_adds_put_replaces_delete_clears(cms: FaultyEmulator) -> None:
    cms.set("hang")
    added = cms.order("POST", {"faults": ["cut share=30%"]}).json()
    replaced = cms.order("PUT", {"faults": ["html"]}).json()
    shown = cms.order("GET").json()
    cleared = cms.order("DELETE").json()

    assert added == {"faults": ["hang", "cut share=30%"]}
    assert replaced == shown == {"faults": ["html"]}
    assert cleared == {"faults": []}
    assert cms.get(CLASSES).status_code == 200


@pytest.mark.parametrize(
    "order",
    [
        None,
        [],
        {},
        {"faults": "hang"},
        {"faults": ["explode"]},
        {"faults": ["hang", None]},
        {"faults": ["hang"], "seed": "x"},
        {"faults": [f"hang path=/{number}" for number in range(MAX_FAULTS + 1)]},
        {"faults": ["hang" + " " * 20_000]},
    ],
)
def test_a_wrong_order_is_400_and_changes_nothing(cms: FaultyEmulator, order: object) -> None:
    cms.set("html")

    answer = cms.order("PUT", order)

    assert (answer.status_code, list(answer.json())) == (400, ["error"])
    assert cms.order("GET").json() == {"faults": ["html"]}


def test_hung_calls_do_not_hold_up_the_end(tmp_path_factory: pytest.TempPathFactory) -> None:
    with faulty_emulator("content", tmp_path_factory.mktemp("data")) as content:
        content.set("hang", "latency=60s path=/v1/late")
        with ThreadPoolExecutor() as pool:
            calls = [pool.submit(content.raw, path) for path in ("/v1/content/x", "/v1/late")]
            while len(content.logged()) < len(calls) + 1:
                time.sleep(0.02)
            began = time.monotonic()
            content.process.terminate()
            content.process.wait(timeout=8)

    assert time.monotonic() - began < 5.0
