"""What the image's health check runs: `python /opt/healthcheck.py PORT`. Nothing but the standard library."""

import http.client
import sys
from collections.abc import Sequence

SECONDS = 3.0
PATH = "/healthz"


def is_healthy(port: int) -> bool:
    """Whether a process of this machine answers well; a proxy of the environment is not asked."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    try:
        connection.request("GET", PATH)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def main(arguments: Sequence[str]) -> int:
    """0 is healthy, 1 is not."""
    return 0 if is_healthy(int(arguments[0])) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
