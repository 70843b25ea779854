"""The estimated size of a response against its real one."""

import gc
import json
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

from bff_core.cache import Freshness, MemoryCache
from bff_core.cache.response_cache import ENTRY_OVERHEAD, estimated_size
from bff_core.client import JsonDecoder, text
from bff_core.client.call import DownstreamResponse
from bff_core.client.policies.cached import Cached
from bff_core.testing.clock import FakeClock
from services.bff_teacher.contracts.cms import ClassInfos, ClassPage
from services.bff_teacher.contracts.ras import BatchPage
from tests.pipeline_kit import Run, ScriptedService, a_call

ESSAY = {"essay_id": "e" * 36, "filename": "novell.txt", "cj_score": 0.5, "storage": "f" * 32}
BATCHES = {
    "batches": [
        {
            "batch_id": f"{number:036}",
            "user_id": "u" * 36,
            "assignment_id": f"sv1-{number}",
            "overall_status": "completed_successfully",
            "essay_count": 25,
            "completed_essay_count": 25,
            "failed_essay_count": 0,
            "created_at": "2026-01-30T08:55:20.103311",
            "last_updated": "2026-01-30T09:33:50.600172",
            "essays": [ESSAY] * 25,
        }
        for number in range(100)
    ],
    "pagination": {"limit": 100, "offset": 0, "total": 100},
}
CLASSES = {
    "classes": [
        {"id": f"{number:036}", "name": "SA1B", "student_count": 24, "owner": "o" * 36}
        for number in range(100)
    ]
}
INFOS = {f"{n:036}": {"class_id": f"{n:036}", "class_name": "SA1B"} for n in range(50)}


def taken(decode: Callable[[bytes], Any], body: bytes, copies: int = 5) -> float:
    """Bytes that one decoded value takes."""
    decode(body)
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        kept = [decode(body) for _ in range(copies)]
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return (after - before) / len(kept)


@pytest.mark.parametrize(
    ("decode", "body"),
    [
        pytest.param(JsonDecoder(BatchPage), json.dumps(BATCHES).encode(), id="batches"),
        pytest.param(JsonDecoder(ClassPage), json.dumps(CLASSES).encode(), id="classes"),
        pytest.param(JsonDecoder(ClassInfos), json.dumps(INFOS).encode(), id="class names"),
        pytest.param(text, b"En krona till, sa hon. " * 400, id="a text"),
    ],
)
def test_an_estimate_is_honest(decode: Callable[[bytes], Any], body: bytes) -> None:
    estimated = estimated_size(decode(body), body) - ENTRY_OVERHEAD

    assert 0.95 <= estimated / taken(decode, body) <= 2.5


def test_what_cannot_be_measured_weighs_by_its_body() -> None:
    assert estimated_size(2**80, b"x" * 1000) == ENTRY_OVERHEAD + 3000


def test_memory_keeps_no_body(clock: FakeClock, run: Run) -> None:
    body = b'{"a": 1}' + b" " * 100_000
    memory: MemoryCache[Any, Any] = MemoryCache()
    send = Cached(memory, clock)(ScriptedService(DownstreamResponse({"a": 1}, body)))
    call = a_call(clock, freshness=Freshness(max_age=1.0))

    run(send(call))

    kept = memory.get(call.key)
    assert kept is not None
    assert kept.value == {"a": 1}
    assert memory.size < 3000
