"""Orders of `./dev fault` to the emulated services."""

import http.client
import json
from collections.abc import Callable, Sequence

from devstack.errors import DevstackError, did_you_mean
from devstack.faults.fault import KINDS, Fault, FaultError

FAULTS_PATH = "/_devstack/faults"
USAGE = "Use ./dev fault SERVICE KIND…, ./dev fault list or ./dev fault clear [SERVICE]"
_TIMEOUT_SECONDS = 5.0
_MAX_ANSWER_BYTES = 64 * 1024


def order_faults(
    names: Sequence[str],
    find_port: Callable[[str], int],
    words: Sequence[str],
    options: Sequence[str] = (),
    seed: int = 0,
) -> dict[str, list[str]]:
    """Carry out the words; the faults of the affected services afterwards.

    `names` are the emulated services; `options` are words for every kind, such as `share=30%`.

    Raises:
        DevstackError: The words are not valid, a service refuses, or `find_port` raises it.
    """
    match list(words):
        case ["list"]:
            return {name: send_order(find_port(name), "GET") for name in names}
        case ["clear"]:
            return {name: send_order(find_port(name), "DELETE") for name in names}
        case ["clear", name]:
            _require_known(name, names)
            return {name: send_order(find_port(name), "DELETE")}
        case [name, *kinds] if name not in {"list", "clear"}:
            _require_known(name, names)
            texts = [str(fault) for fault in parse_faults([*kinds, *options])]
            body = json.dumps({"faults": texts, "seed": seed})
            return {name: send_order(find_port(name), "POST", body)}
    raise DevstackError(f"{USAGE}.")


def _require_known(name: str, names: Sequence[str]) -> None:
    if name not in names:
        near = did_you_mean(name, names)
        raise DevstackError(f"{name!r} takes no faults: {', '.join(names)} do.{near}")


def parse_faults(words: Sequence[str]) -> list[Fault]:
    """A fault for each kind, all with the share and the path among the words.

    Raises:
        DevstackError: One of them is no fault.
    """
    options = [word for word in words if word.startswith(("share=", "path="))]
    kinds = [word for word in words if word not in options]
    if not kinds:
        raise DevstackError(f"A kind of fault is missing: {KINDS}.")
    if any(len(word.split()) != 1 for word in words):
        raise DevstackError("A kind, a path and a share are one word each.")
    try:
        return [Fault.parse(" ".join([kind, *options])) for kind in kinds]
    except FaultError as error:
        raise DevstackError(str(error)) from error


def active_faults(port: int) -> list[str]:
    """The faults of one service; none when it does not answer."""
    try:
        return send_order(port, "GET")
    except DevstackError:
        return []


def send_order(port: int, method: str, body: str | None = None) -> list[str]:
    """The faults of the service on that port after the order.

    Raises:
        DevstackError: It does not answer, or refuses.
    """
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT_SECONDS)
    try:
        connection.request(method, FAULTS_PATH, body)
        response = connection.getresponse()
        answer = json.loads(response.read(_MAX_ANSWER_BYTES))
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise DevstackError(f"Port {port} takes no faults now: see ./dev status.") from error
    finally:
        connection.close()
    if response.status != 200:
        raise DevstackError(str(answer.get("error", response.status)))
    return [str(fault) for fault in answer["faults"]]
