"""Normal use of a devstack: what a teacher's and an admin's browser ask, and what the logs say."""

from pathlib import Path
from typing import Self

import httpx

from devstack.cli.log_view import LEVELS, level_of
from devstack.seed.people import DemoUser
from tests.e2e.demo_stack import DemoStack

TEACHER = "/bff/v1/teacher"
ADMIN_SCREENS = (
    "me",
    "users",
    "users/pending",
    "overview",
    "settings",
    "settings/uploads",
    "audit",
)


class NewLines:
    """The lines of each log since now."""

    def __init__(self, folder: Path) -> None:
        self._sizes = {log: log.stat().st_size for log in folder.glob("*.log")}

    def read(self) -> dict[str, list[str]]:
        return {
            log.stem: log.read_bytes()[size:].decode(errors="replace").splitlines()
            for log, size in self._sizes.items()
        }


class Person:
    """Reads pages as a browser does, and notes the id of each request."""

    def __init__(self, stack: DemoStack, who: DemoUser) -> None:
        headers = {"Authorization": f"Bearer {stack.token(who)}"}
        self._client = httpx.Client(base_url=stack.gateway, headers=headers, timeout=30)
        self.ids: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def get(self, path: str, **headers: str) -> httpx.Response:
        answer = self._client.get(path, headers=headers)
        assert answer.status_code in {200, 304}, (path, answer.text)
        self.ids.append(answer.headers["x-correlation-id"][:8])
        return answer

    def listen(self) -> None:
        """Open the event stream until its snapshot has come."""
        with self._client.stream("GET", f"{TEACHER}/events") as stream:
            self.ids.append(stream.headers["x-correlation-id"][:8])
            assert any(line == "event: snapshot" for line in stream.iter_lines())


def use_as_a_teacher(person: Person) -> None:
    board = person.get(f"{TEACHER}/dashboard").json()
    for screen in ("me", "classes", "dashboard"):
        person.get(f"{TEACHER}/{screen}")
    for batch in board["batches"][:3]:
        path = f"{TEACHER}/batches/{batch['batch_id']}"
        answer = person.get(path)
        person.get(path, **{"If-None-Match": answer.headers.get("etag", '"none"')})
        for essay in answer.json()["essays"][:1]:
            person.get(f"{path}/essays/{essay['essay_id']}")
    person.listen()


def use_as_an_admin(person: Person) -> None:
    for screen in ADMIN_SCREENS:
        person.get(f"/bff/v1/admin/{screen}")


def loud_lines(logs: dict[str, list[str]]) -> dict[str, list[str]]:
    """The lines above info by log, where there are some."""
    loud = {
        name: [line for line in lines if LEVELS.index(level_of(line, "info")) > 1]
        for name, lines in logs.items()
    }
    return {name: lines for name, lines in loud.items() if lines}
