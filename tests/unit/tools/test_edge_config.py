"""The renderings hold each route of the live table, and nothing of another site."""

import re
from pathlib import Path

import pytest
import yaml

from services.gateway.route_table import ROUTES, SLOW_ROUTES, Route
from tools.edge_config.__main__ import arguments, main, rendered
from tools.edge_config.envoy import bootstrap
from tools.edge_config.rules import all_rules
from tools.edge_config.site import Site
from tools.edge_config.traefik import dynamic_part

COMPOSE = Path(__file__).resolve().parents[3] / "docker-compose.yml"
TABLE = (*SLOW_ROUTES, *ROUTES)
PATHS = {
    "teacher_files": "/bff/v1/teacher/batches/7b0f/files",
    "teacher_workflow": "/bff/v1/teacher/batches/7b0f/phases/nlp/retry",
    "teacher": "/bff/v1/teacher/dashboard",
    "admin": "/bff/v1/admin/users",
}


def path_of(route: Route) -> str:
    return PATHS.get(route.name, route.path)


def envoy_routes() -> list[dict[str, object]]:
    [listener] = bootstrap(Site())["static_resources"]["listeners"]  # type: ignore[index]
    manager = listener["filter_chains"][0]["filters"][0]["typed_config"]
    routes: list[dict[str, object]] = manager["route_config"]["virtual_hosts"][0]["routes"]
    return routes


@pytest.mark.parametrize("route", TABLE, ids=lambda route: route.name)
def test_envoy_has_each_route_of_the_table(route: Route) -> None:
    [found] = [one for one in envoy_routes() if one["name"] == route.name]

    pattern = found["match"]["safe_regex"]["regex"]  # type: ignore[index]
    for path in (path_of(route), f"/api{path_of(route)}"):
        assert re.fullmatch(pattern, path)
    assert found["route"]["cluster"] == route.upstream.value  # type: ignore[index]
    methods = found["match"]["headers"][0]["string_match"]["safe_regex"]["regex"]  # type: ignore[index]
    assert methods.split("|") == list(route.methods)


@pytest.mark.parametrize("route", TABLE, ids=lambda route: route.name)
def test_traefik_has_each_route_of_the_table(route: Route) -> None:
    router = dynamic_part(Site())["http"]["routers"][route.name]  # type: ignore[index]

    pattern = router["rule"].split("`")[1]
    for path in (path_of(route), f"/api{path_of(route)}"):
        assert re.fullmatch(pattern, path)
    assert re.findall(r"Method\(`(\w+)`\)", router["rule"]) == list(route.methods)
    assert router["service"].startswith(f"{route.upstream}-")


def test_the_most_specific_rule_comes_first() -> None:
    rules = all_rules()
    firsts = {
        route.name: next(
            rule.name
            for rule in rules
            if re.fullmatch(rule.path, path_of(route)) and route.methods[0] in rule.route.methods
        )
        for route in TABLE
    }

    assert firsts == {name: name for name in firsts}


def test_events_have_a_rule_that_neither_buffers_nor_ends() -> None:
    [events] = [rule for rule in all_rules() if rule.is_event_stream]
    [route] = [one for one in envoy_routes() if one["name"] == events.name]

    assert re.fullmatch(events.path, "/bff/v1/teacher/events")
    assert route["route"]["timeout"] == "0s"  # type: ignore[index]
    router = dynamic_part(Site())["http"]["routers"][events.name]  # type: ignore[index]
    assert not any(name.startswith("body-") for name in router["middlewares"])


def test_the_cookie_s_session_is_in_no_rendering() -> None:
    assert not any(re.fullmatch(rule.spellings, "/v1/session") for rule in all_rules())


def test_the_defaults_are_those_of_compose() -> None:
    services = yaml.safe_load(COMPOSE.read_text("utf-8"))["services"]
    given = services["gateway"]["environment"]
    site = Site()

    assert given["BFF_TEACHER_URL"].endswith(f":-{site.teacher}}}")
    assert given["BFF_ADMIN_URL"].endswith(f":-{site.admin}}}")
    assert site.jwks.startswith(given["IDENTITY_SERVICE_URL"].rpartition(":-")[2].rstrip("}"))
    assert site.sign_in == services["bff_admin"]["environment"]["API_GATEWAY_URL"][19:-1]


@pytest.mark.parametrize("edge", ["--envoy", "--traefik", "--traefik-static"])
def test_a_site_of_its_own_is_rendered(edge: str) -> None:
    own = ["--listen", "0.0.0.0:8443", "--teacher", "http://t.example:1", "--admin"]
    own += ["http://a.example:2", "--sign-in", "http://i.example:3", "--jwks"]
    own += ["http://k.example:4/keys", "--dynamic-file", "/t.example"]

    text = rendered(arguments().parse_args([edge, *own]))

    assert yaml.safe_load(text)
    assert "8443" in text or edge == "--traefik"
    assert "t.example" in text
    assert "bff_teacher:" not in text


@pytest.mark.parametrize(
    "wrong", [["--teacher", "ftp://x"], ["--listen", "nowhere:x"], ["--jwks", "keys.json"]]
)
def test_an_address_that_does_not_fit_is_named(
    capsys: pytest.CaptureFixture[str], wrong: list[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["--envoy", *wrong])

    assert wrong[1].split(":")[0] in capsys.readouterr().err


def test_no_template_of_traefik_is_in_its_files() -> None:
    # Its file provider reads double braces as a template of Go.
    assert "{{" not in rendered(arguments().parse_args(["--traefik"]))
