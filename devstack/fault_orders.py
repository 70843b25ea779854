"""What `./dev fault` says to the emulated services, and what they say back."""

import http.client
import json
from collections.abc import Sequence
from dataclasses import dataclass

from devstack.faults import KINDS, Fault, FaultProblem
from devstack.problems import DevstackProblem
from devstack.stack import HOST, Home, Plan
from devstack.state import State, is_running, read_state

FAULTS_PATH = "/_devstack/faults"
USAGE = "Say ./dev fault SERVICE KIND…, ./dev fault list or ./dev fault clear [SERVICE]"
_ANSWER_SECONDS = 5.0
_MAX_ANSWER_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class FaultOrders:
    """The emulated services of one devstack, running or not."""

    plan: Plan
    home: Home

    def obey(
        self, words: Sequence[str], options: Sequence[str], seed: int = 0
    ) -> dict[str, list[str]]:
        """Do what the words say; the faults of the services that they concern, as they are then.

        `options` are words for every kind, such as `share=30%`.

        Raises:
            DevstackProblem: The words make no sense, or there is nothing to order.
        """
        match list(words):
            case ["list"]:
                return self._tell_all("GET")
            case ["clear"]:
                return self._tell_all("DELETE")
            case ["clear", name]:
                return {self._known(name): ask(self._port(name), "DELETE")}
            case [name, *kinds] if name not in {"list", "clear"}:
                return {self._known(name): self._add(name, [*kinds, *options], seed)}
        raise DevstackProblem(f"{USAGE}.")

    def _add(self, name: str, words: Sequence[str], seed: int) -> list[str]:
        body = json.dumps({"faults": [str(fault) for fault in faults_from(words)], "seed": seed})
        return ask(self._port(name), "POST", body)

    def _tell_all(self, method: str) -> dict[str, list[str]]:
        return {name: ask(self._port(name), method) for name in emulated(self.plan)}

    def _known(self, name: str) -> str:
        known = emulated(self.plan)
        if name not in known:
            raise DevstackProblem(f"{name!r} takes no faults: {', '.join(known)} do.")
        return name

    def _port(self, name: str) -> int:
        state = read_state(self.home) if is_running(self.home) else None
        if state is None or not state.ready:
            raise DevstackProblem("The devstack is not ready: start it with ./dev up.")
        return state.ports[name]


def emulated(plan: Plan) -> list[str]:
    return [process.name for process in plan.processes if process.emulated]


def faults_from(words: Sequence[str]) -> list[Fault]:
    """A fault for each kind, all with the share and the path among the words.

    Raises:
        DevstackProblem: One of them is no fault.
    """
    options = [word for word in words if word.startswith(("share=", "path="))]
    kinds = [word for word in words if word not in options]
    if not kinds:
        raise DevstackProblem(f"What shall go wrong? {KINDS}.")
    if any(len(word.split()) != 1 for word in words):
        raise DevstackProblem("A kind, a path and a share are one word each.")
    try:
        return [Fault.parse(" ".join([kind, *options])) for kind in kinds]
    except FaultProblem as problem:
        raise DevstackProblem(str(problem)) from problem


def standing_faults(state: State, name: str) -> list[str]:
    """The faults of one service; none when it does not tell."""
    try:
        return ask(state.ports[name], "GET")
    except DevstackProblem:
        return []


def ask(port: int, method: str, body: str | None = None) -> list[str]:
    """The faults of the service on that port after the order.

    Raises:
        DevstackProblem: It does not answer, or refuses.
    """
    connection = http.client.HTTPConnection(HOST, port, timeout=_ANSWER_SECONDS)
    try:
        connection.request(method, FAULTS_PATH, body)
        answer = connection.getresponse()
        said = json.loads(answer.read(_MAX_ANSWER_BYTES))
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise DevstackProblem(f"Port {port} takes no faults now: see ./dev status.") from error
    finally:
        connection.close()
    if answer.status != 200:
        raise DevstackProblem(str(said.get("error", answer.status)))
    return [str(fault) for fault in said["faults"]]
