"""The time that a client waits, from its own header."""

import math

import pytest

from services.gateway.api.request_parsing import MIN_TIMEOUT, client_timeout

Headers = list[tuple[bytes, bytes]]


def scope_with(*values: bytes) -> dict[str, Headers]:
    return {"headers": [(b"x-request-timeout-ms", value) for value in values]}


@pytest.mark.parametrize(
    ("values", "seconds"),
    [
        ([b"1500"], 1.5),
        ([b"1500", b"900"], 0.9),
        ([b"1"], MIN_TIMEOUT),
        ([b"1500", b"soon"], 1.5),
        ([], math.inf),
        ([b""], math.inf),
        ([b"-1"], math.inf),
        ([b"9999999999"], math.inf),
        (["٣".encode()], math.inf),
    ],
)
def test_client_waits_for_the_shortest_valid_time(values: list[bytes], seconds: float) -> None:
    assert client_timeout(scope_with(*values)) == seconds
