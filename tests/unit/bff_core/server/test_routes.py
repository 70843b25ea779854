"""The quick table of routes never says anything else than the framework's."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule

from bff_core.server.path_table import Routes

RULES = (
    ("/v1/me", "GET"),
    ("/v1/things", "GET"),
    ("/v1/things/<thing_id>", "GET"),
    ("/v1/things/<thing_id>/parts/<part_id>", "GET"),
    ("/v1/things/<thing_id>/parts", "GET"),
    ("/v1/things/<thing_id>/parts", "POST"),
    ("/v1/things/<thing_id>/sell", "POST"),
    ("/v1/users/<user_id>", "GET"),
    ("/v1/users/me", "GET"),
    ("/v1/users/<user_id>/<kind>", "GET"),
    ("/v1/unwanted/<thing_id>", "GET"),
)
STEPS = [
    "v1",
    "me",
    "things",
    "parts",
    "sell",
    "users",
    "unwanted",
    "a-1",
    "",
    ".",
    "..",
    "å",
    "a b",
]
paths = st.lists(st.sampled_from(STEPS), min_size=1, max_size=7).map(
    lambda steps: "/" + "/".join(steps)
)
near = st.tuples(
    st.sampled_from([rule for rule, _ in RULES]),
    st.sampled_from(STEPS),
    st.sampled_from(["", "/", "/x"]),
).map(lambda one: one[0].replace("<", "").replace(">", "").replace("thing_id", one[1]) + one[2])


def table(rules: Sequence[tuple[str, str]]) -> Map:
    return Map(
        [Rule(rule, endpoint=f"{method} {rule}", methods=[method]) for rule, method in rules]
    )


def quick(routes: Map) -> Routes:
    wanted = [one.endpoint for one in routes.iter_rules() if "unwanted" not in one.rule]
    return Routes(routes.iter_rules(), wanted)


@given(paths | near)
def test_a_route_that_is_found_is_the_frameworks(path: str) -> None:
    routes = table(RULES)

    found = quick(routes).find(path)

    if found is not None:
        assert found == routes.bind("").match(path, "GET", return_rule=True)


@pytest.mark.parametrize(
    ("path", "endpoint"),
    [
        ("/v1/me", "GET /v1/me"),
        ("/v1/things/a-1", "GET /v1/things/<thing_id>"),
        ("/v1/things/a-1/parts", "GET /v1/things/<thing_id>/parts"),
        ("/v1/things/a-1/parts/B_2", "GET /v1/things/<thing_id>/parts/<part_id>"),
    ],
)
def test_what_is_in_no_doubt_is_found(path: str, endpoint: str) -> None:
    found = quick(table(RULES)).find(path)

    assert found is not None
    assert found[0].endpoint == endpoint


@pytest.mark.parametrize(
    "path",
    [
        "/v1/users/a-1",
        "/v1/unwanted/a-1",
        "/v1/things/a-1/sell",
        "/v1/things/",
        "/v1/things//parts",
        "/v1/things/a-1/parts/",
        "/v1/things/å",
        "/v1/things/a\n",
        "/v1",
        "",
    ],
)
def test_what_is_in_doubt_is_left_to_the_framework(path: str) -> None:
    assert quick(table(RULES)).find(path) is None


def test_a_rule_that_takes_whole_paths_puts_all_in_doubt() -> None:
    routes = table([*RULES, ("/<path:anything>", "GET")])

    assert quick(routes).find("/v1/things/a-1") is None
    with pytest.raises(HTTPException):
        table(RULES).bind("").match("/nothing", "GET")
