"""The attacks on the gateway, each of them on Envoy with the rendered rules."""

from tests.e2e.attack import (
    test_answer_headers,
    test_answers,
    test_forwarding,
    test_framing,
    test_headers,
    test_inputs,
    test_late_answers,
    test_paths,
    test_streams,
    test_tokens,
    test_two_users,
)
from tests.e2e.edge.differences import listed

SUITE = (
    test_answer_headers,
    test_answers,
    test_forwarding,
    test_framing,
    test_headers,
    test_inputs,
    test_late_answers,
    test_paths,
    test_streams,
    test_tokens,
    test_two_users,
)
OTHER_PROCESS = "test_a_dead_service_is_unavailable"
"""It starts a gateway of its own."""

for module in SUITE:
    found = {name: value for name, value in vars(module).items() if name.startswith("test_")}
    globals().update({name: value for name, value in found.items() if name != OTHER_PROCESS})


def test_each_listed_difference_is_of_an_attack() -> None:
    names = {pattern.partition("[")[0] for pattern in listed()}

    assert names
    assert names <= set(globals())
