"""A teacher's whole day through the gateway: from signing in to the exported results."""

import csv
import io
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
import pytest

from devstack.effects.queue import SPEED_VARIABLE
from devstack.seed.people import ANNA
from tests.e2e.demo_stack import DemoStack, demo_stack

ESSAYS = 25
SPEED = "10"
PATIENCE = 60.0
TEXT = "Det var en gång en katt som bodde i en hatt och tyckte om att läsa böcker. " * 3
INSTRUCTIONS = "Skriv en krönika om ditt lov."
ACTIVITIES = {"file_accepted", "file_rejected", "batch_cj_assessment_completed"}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoStack]:
    """A devstack of its own, where what is written takes effect soon."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv(SPEED_VARIABLE, SPEED)
        with demo_stack(tmp_path_factory.mktemp("devstack")) as (stack, _):
            yield stack


@dataclass
class Teacher:
    """Anna at her browser: all calls go through the gateway with the token of her sign-in."""

    client: httpx.Client
    kinds: list[str] = field(default_factory=list)

    def get(self, path: str) -> Any:
        answer = self.client.get(f"/bff/v1/teacher{path}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: Any, status: int = 200) -> Any:
        key = {"Idempotency-Key": uuid4().hex}
        answer = self.client.post(f"/bff/v1/teacher{path}", json=body, headers=key)
        assert answer.status_code == status, answer.text
        return answer.json()

    def upload(self, batch: str, files: dict[str, str]) -> Any:
        parts = [("files", (name, text.encode())) for name, text in files.items()]
        answer = self.client.post(f"/bff/v1/teacher/batches/{batch}/files", files=parts)
        assert answer.status_code == 202, answer.text
        return answer.json()

    def until(self, path: str, is_so: Callable[[Any], bool]) -> Any:
        """The screen once it is so."""
        deadline = time.monotonic() + PATIENCE
        while not is_so(shown := self.get(path)):
            assert time.monotonic() < deadline, json.dumps(shown)[:2000]
            time.sleep(0.5)
        return shown

    def watch(self, batch: str) -> threading.Thread:
        """Follow the batch in the background until all `ACTIVITIES` are among `kinds`."""
        thread = threading.Thread(target=self._follow, args=(batch,), daemon=True)
        thread.start()
        return thread

    def _follow(self, batch: str) -> None:
        path = f"/bff/v1/teacher/events?batch_id={batch}"
        with self.client.stream("GET", path) as stream:
            for line in stream.iter_lines():
                if line.startswith("data:") and '"kind"' in line:
                    self.kinds.append(json.loads(line.removeprefix("data:")).get("kind"))
                if set(self.kinds) >= ACTIVITIES:
                    return


def allowed(batch: Any) -> set[str]:
    return {one["name"] for one in batch["actions"] if one["allowed"]}


def why_not(batch: Any, name: str) -> str | None:
    [action] = [one for one in batch["actions"] if one["name"] == name]
    reason: str | None = action["reason"]
    return reason


def test_from_a_pile_of_files_to_exported_results(stack: DemoStack) -> None:
    signed_in = stack.sign_in(ANNA.email)
    assert signed_in.status_code == 200, signed_in.text
    token = {"Authorization": f"Bearer {signed_in.json()['access_token']}"}
    with httpx.Client(base_url=stack.gateway, headers=token, timeout=60) as client:
        anna = Teacher(client)
        classes = anna.get("/classes")["classes"]
        own = max(classes, key=lambda one: one["student_count"] or 0)
        pupils = anna.get(f"/classes/{own['class_id']}")["students"][:ESSAYS]
        batch = create(anna, own["class_id"], len(pupils))
        watching = anna.watch(batch)
        send_files(anna, batch, [f"{one['first_name']} {one['last_name']}" for one in pupils])
        decide_matches(anna, batch, len(pupils))
        start(anna, batch, len(pupils))
        read_results(anna, batch, len(pupils))
        read_notifications(anna, batch)
        watching.join(PATIENCE)
        assert set(anna.kinds) >= ACTIVITIES


def create(anna: Teacher, class_id: str, essays: int) -> str:
    body = {
        "class_id": class_id,
        "course_code": "SV1",
        "expected_essay_count": essays,
        "title": "Krönikor om lovet",
        "instructions": INSTRUCTIONS,
    }
    made = anna.post("/batches", body, 201)["batch"]
    assert why_not(made, "start") == "files_missing"
    assert {"upload_files", "set_title"} <= allowed(made)
    batch: str = made["batch_id"]
    shown = anna.until("/dashboard", lambda page: page["batches"][0]["batch_id"] == batch)
    assert shown["batches"][0]["title"] == "Krönikor om lovet"
    return batch


def send_files(anna: Teacher, batch: str, names: list[str]) -> None:
    path = f"/batches/{batch}/files"
    files = {f"{name}.txt": f"{name}\n{TEXT}" for name in names}
    broken = f"{names[0]}.txt"

    sent = anna.upload(batch, files | {broken: "För kort."})
    anna.until(path, lambda shown: [one["status"] for one in shown["files"]].count("rejected") == 1)
    missing = anna.get(f"/batches/{batch}")
    again = anna.upload(batch, {broken: files[broken]})

    assert sent["sent"] == len(names)
    [rejected] = [one for one in anna.get(path)["files"] if one["status"] == "rejected"]
    assert (rejected["filename"], rejected["reason"]) == (broken, "too_short")
    assert why_not(missing, "start") == "files_missing"
    assert again["sent"] == 1


def decide_matches(anna: Teacher, batch: str, essays: int) -> None:
    waiting = anna.until(f"/batches/{batch}", lambda one: one["status"] == "awaiting_review")
    assert "review_matches" in allowed(waiting)
    assert why_not(waiting, "start") == "awaiting_review"
    rows = anna.get(f"/batches/{batch}/associations")["associations"]
    assert len(rows) == essays
    decisions = [
        {
            "essay_id": row["essay_id"],
            "student_id": row["suggested_student"]["student_id"],
            "suggestion": row["suggestion"],
        }
        for row in rows
    ]
    confirmed = anna.post(f"/batches/{batch}/associations/confirm", {"decisions": decisions})
    assert confirmed["associations_confirmed"] == essays


def start(anna: Teacher, batch: str, essays: int) -> None:
    ready = anna.until(f"/batches/{batch}", lambda one: "start" in allowed(one))
    assert ready["status"] == "ready"
    preview = anna.get(f"/batches/{batch}/pipelines/cj_assessment/preview")
    assert (preview["allowed"], preview["phases"]) == (True, ["spellcheck", "cj_assessment"])
    assert preview["credits_required"] == essays * (essays - 1) // 2

    # The orchestrator learns of the confirmation a moment later.
    time.sleep(1)
    first = anna.post(f"/batches/{batch}/pipelines", {"phase": "cj_assessment"})
    second = anna.post(f"/batches/{batch}/pipelines", {"phase": "cj_assessment"})
    assert (first["outcome"], second["outcome"]) == ("accepted", "already_running")
    anna.until(f"/batches/{batch}", lambda one: one["status"] == "processing")


def read_results(anna: Teacher, batch: str, essays: int) -> None:
    done = anna.until(f"/batches/{batch}", lambda one: one["is_final"])
    assert (done["status"], done["completed_essays"]) == ("completed_successfully", essays)
    assert "export" in allowed(done)
    assert why_not(done, "start") == "already_done"
    results = anna.get(f"/batches/{batch}/results")
    assert (len(results["rows"]), results["rows"][0]["rank"]) == (essays, 1)
    answer = anna.client.get(f"/bff/v1/teacher/batches/{batch}/results.csv")
    rows = list(csv.reader(io.StringIO(answer.text)))
    assert (answer.status_code, len(rows)) == (200, essays + 1)


def read_notifications(anna: Teacher, batch: str) -> None:
    shown = anna.get("/notifications?limit=100")
    mine = [one["kind"] for one in shown["notifications"] if one["batch_id"] == batch]
    assert {"file_rejected", "processing_started", "pipeline_completed"} <= set(mine)
    read = anna.post("/notifications/read", {"up_to": shown["notifications"][0]["id"]})
    assert read["unread"] == 0
