"""Are the ports free? Asked before anything starts, so that the answer can be one clear line."""

import errno
import socket
from collections.abc import Mapping

from devstack.problems import DevstackProblem
from devstack.stack import HOST


def require_free_ports(ports: Mapping[str, int]) -> None:
    """Refuse ports that cannot be listened on.

    Raises:
        DevstackProblem: One or more of the ports are in use, or may not be used by this person.
    """
    taken = {name: port for name, port in ports.items() if not is_free(port)}
    if taken:
        raise DevstackProblem(taken_line(taken))


def taken_line(taken: Mapping[str, int]) -> str:
    named = ", ".join(f"{port} ({name})" for name, port in taken.items())
    subject = f"Port {named} is" if len(taken) == 1 else f"Ports {named} are"
    return f"{subject} taken: stop what listens there, or move the devstack with --port-offset 100."


def is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as candidate:
        # A port whose last connections are only waiting to be forgotten counts as free.
        candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            candidate.bind((HOST, port))
        except OSError as error:
            if error.errno == errno.EACCES:
                raise DevstackProblem(f"Port {port} needs root: choose a --port-offset.") from error
            return False
    return True
