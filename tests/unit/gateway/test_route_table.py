"""What is let through is what the table says, and nothing opens a route by accident."""

import re
from pathlib import Path

import pytest

from services.gateway.protocols import Limit
from services.gateway.route_table import PUBLIC, ROUTES, RULES, Upstream, row_at

ROOT = Path(__file__).resolve().parents[3]


def test_only_identity_routes_ask_for_no_token() -> None:
    public = {row.path for row in ROUTES if row.access == PUBLIC}

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


def test_every_row_has_a_known_rule_a_limit_and_bounds() -> None:
    for row in ROUTES:
        assert row.access == PUBLIC or row.access in RULES
        assert row.limit in Limit
        assert 0 < row.body_limit <= 1024 * 1024
        assert 0 < row.seconds <= 60


def test_whatever_goes_to_identity_is_checked_here() -> None:
    to_identity = [row for row in ROUTES if row.upstream is Upstream.IDENTITY]

    assert all(row.exchange and row.methods == ("POST",) for row in to_identity)
    assert all(row.limit is not Limit.USER for row in to_identity)


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
def test_a_path_finds_its_row_as_it_is_written(path: bytes, name: str | None) -> None:
    row = row_at(path)

    assert (row.name if row else None) == name


def test_nothing_reads_who_a_caller_is_from_a_header() -> None:
    reads = re.compile(
        r"(headers|said)\S*(\.get|\.getlist|\[)[^\n\]]*x-user-id(?!\"\] =)", re.IGNORECASE
    )
    found = [
        str(file.relative_to(ROOT))
        for folder in ("shared", "services")
        for file in (ROOT / folder).rglob("*.py")
        if reads.search(file.read_text("utf-8"))
    ]

    assert found == ["shared/bff_core/server/guard.py"]
