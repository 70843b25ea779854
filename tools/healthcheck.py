"""Health check of the image: `python /opt/healthcheck.py PORT`. Standard library only."""

import http.client
import sys
from collections.abc import Sequence

SECONDS = 3.0
PATH = "/healthz"


def is_healthy(port: int) -> bool:
    """True if the local process responds with 200. Ignores proxies of the environment."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    try:
        connection.request("GET", PATH)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def main(arguments: Sequence[str]) -> int:
    """Exit code 0 if healthy, else 1."""
    return 0 if is_healthy(int(arguments[0])) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
