"""A client of one BFF's screens, and the requests that its emulators received."""

import http.client
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx

from devstack.seed import DemoUser
from devstack.supervisor.keys import load_keys
from devstack.supervisor.processes import PLAN, service_environment
from devstack.supervisor.stack import Home, RunningStack
from tests.e2e.demo_stack import DemoStack
from tests.e2e.patience import patiently

PORTS = {"ras": 4003, "cms": 5002, "files": 7001, "content": 8000}


@dataclass
class ScreenReader:
    """Calls one BFF directly over a persistent connection."""

    demo: DemoStack
    url: str
    client: httpx.Client

    def get(self, person: DemoUser, path: str, **headers: str) -> httpx.Response:
        given = self._headers(person, headers)
        return patiently(lambda: self.client.get(self._url(path), headers=given))

    def post(self, person: DemoUser, path: str, body: Any, **headers: str) -> httpx.Response:
        given = self._headers(person, headers)
        return self.client.post(self._url(path), headers=given, json=body)

    def get_raw(self, person: DemoUser, target: str) -> int:
        """The status for a path that is sent byte for byte."""
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=10)
        try:
            connection.request("GET", target, headers=self._headers(person, {}))
            return connection.getresponse().status
        finally:
            connection.close()

    def _url(self, path: str) -> str:
        return f"{self.url}/v1/teacher{path}"

    def _headers(self, person: DemoUser, headers: dict[str, str]) -> dict[str, str]:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return {"Authorization": f"Bearer {self.demo.token(person)}", **named}


@dataclass
class Emulators:
    """The demo's emulators: their requests and switches."""

    demo: DemoStack

    def forget(self) -> None:
        for port in PORTS.values():
            httpx.delete(f"{self.demo.url(port)}/_devstack/requests").raise_for_status()

    def asked(self, name: str) -> list[str]:
        """Paths since `forget`, health checks left out."""
        answer = httpx.get(f"{self.demo.url(PORTS[name])}/_devstack/requests").json()
        return [one["path"] for one in answer["requests"] if one["path"] != "/healthz"]

    def turn(self, name: str, switch: str, position: str) -> None:
        url = f"{self.demo.url(PORTS[name])}/_devstack/switches/{switch}/{position}"
        httpx.put(url).raise_for_status()

    def confirmed(self, batch_id: str) -> list[dict[str, Any]]:
        """Events that CMS published about a batch."""
        events = httpx.get(f"{self.demo.url(PORTS['cms'])}/_devstack/outbox").json()["events"]
        return [one["payload"] for one in events if one["batch_id"] == batch_id]


def teacher_environment(demo: DemoStack) -> dict[str, str]:
    """Environment of another BFF beside the demo's own."""
    home = Home(demo.home)
    stack = RunningStack(
        home, PLAN.without("kafka").ports(demo.offset), load_keys(home.keys), demo.offset
    )
    return service_environment("bff_teacher", "BFF_TEACHER_SERVICE")(stack)
