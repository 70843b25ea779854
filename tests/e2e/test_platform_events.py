"""The devstack's broker tells of a batch what the platform's does, in its order, and over a kill."""

import asyncio
import os
import signal
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from devstack.effects.queue import SPEED_VARIABLE
from devstack.seed import Situation, load_dataset
from devstack.seed.people import ANNA
from devstack.supervisor.stack import Home
from devstack.supervisor.state import ready_state
from tests.e2e.demo_stack import DemoStack, demo_stack
from tests.e2e.event_reader import Record, of_topic, records_until
from tests.e2e.patience import patiently
from tests.unit.devstack.event_shapes import check

PATIENCE = 60.0
TEXT = "Det var en gång en katt som bodde i en hatt och tyckte om att läsa böcker. " * 3
ESSAYS = 3

# Each begins after the one before it; between topics only time orders records.
STORY = (
    "batch.essays.registered",
    "file.batch.file.added",
    "file.essay.validation.failed",
    "file.essay.content.provisioned",
    "els.essay.slot.assigned",
    "batch.content.provisioning.completed",
    "batch.author.matches.suggested",
    "class.student.associations.confirmed",
    "els.batch.essays.ready",
    "commands.batch.pipeline",
    "essay.spellcheck.results",
    "els.batch.phase.outcome",
    "assessment.result.published",
    "ras.batch.assessment.completed",
    "ras.batch.results.ready",
    "batch.pipeline.completed",
)
COUNTS = {
    "file.batch.file.added": ESSAYS + 1,
    "file.essay.content.provisioned": ESSAYS,
    "els.essay.slot.assigned": ESSAYS,
    "essay.spellcheck.results": ESSAYS,
    "els.batch.phase.outcome": 2,
}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoStack]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv(SPEED_VARIABLE, "4")
        with demo_stack(tmp_path_factory.mktemp("devstack"), "--kafka") as (started, said):
            assert "kafka" in said
            yield started


@dataclass
class Teacher:
    """Anna at the teacher BFF itself."""

    client: httpx.Client

    def get(self, path: str) -> Any:
        answer = patiently(lambda: self.client.get(path))
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, status: int, **body: Any) -> Any:
        key = {"Idempotency-Key": uuid4().hex}
        answer = self.client.post(path, headers=key, **body)
        assert answer.status_code == status, answer.text
        return answer.json()

    def until(self, path: str, is_so: Callable[[Any], bool]) -> Any:
        """The screen once it is so; at first, RAS does not have the batch."""
        deadline = time.monotonic() + PATIENCE
        while True:
            answer = self.client.get(path)
            if answer.status_code == 200 and is_so(shown := answer.json()):
                return shown
            assert time.monotonic() < deadline, answer.text
            time.sleep(0.2)


@pytest.fixture(scope="module")
def anna(stack: DemoStack) -> Iterator[Teacher]:
    bearer = {"Authorization": f"Bearer {stack.token(ANNA)}"}
    base = f"{stack.teacher_doors[-1]}/v1/teacher"
    with httpx.Client(base_url=base, headers=bearer, timeout=30) as client:
        yield Teacher(client)


def register(anna: Teacher) -> tuple[str, list[str]]:
    """A batch of her largest class, and the names of three of its pupils."""
    own = max(anna.get("/classes")["classes"], key=lambda one: one["student_count"] or 0)
    pupils = anna.get(f"/classes/{own['class_id']}")["students"][:ESSAYS]
    body = {
        "class_id": own["class_id"],
        "course_code": "SV1",
        "expected_essay_count": ESSAYS,
        "instructions": "Skriv en krönika om ditt lov.",
    }
    made = anna.post("/batches", 201, json=body)["batch"]
    return made["batch_id"], [f"{one['first_name']} {one['last_name']}" for one in pupils]


def run_to_its_end(anna: Teacher, batch: str, names: list[str]) -> None:
    path = f"/batches/{batch}"
    files = [("files", (f"{name}.txt", f"{name}\n{TEXT}".encode())) for name in names]
    short = ("files", ("kort.txt", b"Kort."))
    anna.post(f"{path}/files", 202, files=[short, *files])
    anna.until(path, lambda shown: shown["status"] == "awaiting_review")
    rows = anna.get(f"{path}/associations")["associations"]
    decisions = [
        {
            "essay_id": row["essay_id"],
            "student_id": row["suggested_student"]["student_id"],
            "suggestion": row["suggestion"],
        }
        for row in rows
    ]
    anna.post(f"{path}/associations/confirm", 200, json={"decisions": decisions})
    anna.until(path, lambda shown: shown["status"] == "ready")
    # The orchestrator learns of the confirmation a moment later.
    time.sleep(1)
    anna.post(f"{path}/pipelines", 200, json={"phase": "cj_assessment"})
    anna.until(path, lambda shown: shown["is_final"])


def records_of(records: list[Record], batch: str) -> list[Record]:
    """The records whose key or data name the batch or one of its essays."""
    essays = {
        record.data["essay_id"]
        for record in of_topic(records, "els.essay.slot.assigned")
        if record.data["batch_id"] == batch
    }
    return [record for record in records if record.is_of({batch, *essays})]


async def test_batch_is_told_from_its_registration_to_its_end(
    stack: DemoStack, anna: Teacher
) -> None:
    batch, names = await asyncio.to_thread(register, anna)
    await asyncio.to_thread(run_to_its_end, anna, batch, names)

    records = await records_until(
        stack,
        lambda found: any(one.key == batch for one in of_topic(found, "batch.pipeline.completed")),
    )

    told = records_of(records, batch)
    for record in told:
        check(record.topic, record.key, record.envelope)
    assert {name: len(of_topic(told, name)) for name in STORY} == {
        name: COUNTS.get(name, 1) for name in STORY
    }
    starts = [of_topic(told, name)[0].at_ms for name in STORY]
    assert starts == sorted(starts)
    assert_partitions_by_key(records)


def assert_partitions_by_key(records: list[Record]) -> None:
    """All records of a key lie in one partition of their topic, in the order of their times."""
    places: dict[tuple[str, str], set[int]] = defaultdict(set)
    for record in records:
        places[record.topic, record.key].add(record.partition)
    assert all(len(found) == 1 for found in places.values())
    assert len({partition for found in places.values() for partition in found}) == 3


async def test_past_of_the_seeded_batches_is_told(stack: DemoStack) -> None:
    data = load_dataset()
    denied, stuck = (
        data.batches_in(situation)[0].batch_id
        for situation in (Situation.DENIED, Situation.ASSESSMENT_STUCK)
    )

    records = await records_until(
        stack,
        lambda found: (
            bool(of_topic(found, "pipeline.denied"))
            and bool(of_topic(found, "cj_assessment.failed"))
        ),
    )

    assert of_topic(records, "pipeline.denied")[0].data["batch_id"] == denied
    assert of_topic(records, "cj_assessment.failed")[0].data["entity_id"] == stuck


async def test_killed_broker_comes_back_and_is_told_everything_again(
    stack: DemoStack, anna: Teacher
) -> None:
    before = await asyncio.to_thread(register, anna)
    await records_until(stack, lambda found: bool(records_of(found, before[0])))

    await asyncio.to_thread(kill_broker, stack.home)
    after = await asyncio.to_thread(register, anna)

    records = await records_until(
        stack,
        lambda found: all(records_of(found, batch) for batch, _ in (before, after)),
    )
    assert of_topic(records, "pipeline.denied")
    assert stack.command("status").returncode == 0


def kill_broker(home: Path) -> None:
    """Returns when the supervisor has started it again."""
    folder = Home(home)
    killed = ready_state(folder).children["kafka"].pid
    os.kill(killed, signal.SIGKILL)
    deadline = time.monotonic() + PATIENCE
    while ready_state(folder).children["kafka"].pid == killed:
        assert time.monotonic() < deadline, "it was not started again"
        time.sleep(0.1)
