"""Only the routes of the table are forwarded, each with an access rule, a limit and bounds."""

import re
from pathlib import Path

import pytest

from services.gateway.route_table import (
    ACCESS_RULES,
    PUBLIC,
    ROUTES,
    RateLimit,
    UpstreamName,
    find_route,
)

ROOT = Path(__file__).resolve().parents[3]


def test_only_identity_routes_ask_for_no_token() -> None:
    public = {route.path for route in ROUTES if route.access == PUBLIC}

    assert public == {
        f"/v1/auth/{name}"
        for name in (
            "login",
            "register",
            "refresh",
            "logout",
            "verify-email",
            "resend-verification",
            "request-password-reset",
            "reset-password",
        )
    }


def test_every_route_has_a_known_rule_a_limit_and_bounds() -> None:
    for route in ROUTES:
        assert route.access == PUBLIC or route.access in ACCESS_RULES
        assert route.rate_limit in RateLimit
        assert 0 < route.max_body_bytes <= 1024 * 1024
        assert 0 < route.timeout <= 60


def test_whatever_goes_to_identity_is_checked_here() -> None:
    to_identity = [route for route in ROUTES if route.upstream is UpstreamName.IDENTITY]

    assert all(route.identity and route.methods == ("POST",) for route in to_identity)
    assert all(route.rate_limit is not RateLimit.USER for route in to_identity)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (b"/bff/v1/teacher/dashboard", "teacher"),
        (b"/bff/v1/admin/users", "admin"),
        (b"/v1/auth/login", "login"),
        (b"/bff/v1/teacher", None),
        (b"/bff/v1/teachers/x", None),
        (b"/v1/auth/login/", None),
        (b"/v1/auth/introspect", None),
        (b"/bff/v1/%74eacher/x", None),
    ],
)
def test_a_path_matches_its_route_before_decoding(path: bytes, name: str | None) -> None:
    route = find_route(path)

    assert (route.name if route else None) == name


BATCH = b"/bff/v1/teacher/batches/4c1f0d7e-52b1-4f0e-8d5c-6f1f6a3f9a77"


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("POST", BATCH + b"/files", "teacher_files"),
        ("GET", BATCH + b"/files", "teacher"),
        ("POST", BATCH + b"/files/x", "teacher"),
        ("POST", BATCH + b"/x/files", "teacher"),
        ("POST", b"/bff/v1/teacher/batches", "teacher_workflow"),
        ("POST", BATCH + b"/pipelines", "teacher_workflow"),
        ("GET", BATCH + b"/pipelines/nlp/preview", "teacher_workflow"),
        ("POST", BATCH + b"/phases/spellcheck/retry", "teacher_workflow"),
        ("POST", BATCH + b"/associations/confirm", "teacher"),
        ("PUT", BATCH + b"/title", "teacher"),
    ],
)
def test_requests_that_need_more_have_routes_of_their_own(
    method: str, path: bytes, name: str
) -> None:
    route = find_route(path, method)

    assert route is not None
    assert (route.name, route.upstream, route.access) == (name, "bff_teacher", "teacher")
    assert route.is_slow is (name != "teacher")


def test_nothing_reads_who_a_caller_is_from_a_header() -> None:
    reads = re.compile(
        r"(headers|values)\S*(\.get|\.getlist|\[)[^\n\]]*x-user-id(?!\"\] =)", re.IGNORECASE
    )
    found = [
        str(file.relative_to(ROOT))
        for folder in ("shared", "services")
        for file in (ROOT / folder).rglob("*.py")
        if reads.search(file.read_text("utf-8"))
    ]

    assert found == ["shared/bff_core/server/guard.py"]
