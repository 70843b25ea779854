"""Defaults of the teacher BFF's settings, equal to those in the documentation."""

import re
from pathlib import Path

import pytest

from bff_core.client.transport import CONNECTIONS
from bff_core.settings import BreakerSettings, Operation, SettingsError
from bff_core.testing import SECRET
from services.bff_teacher.config import Settings

ENVIRONMENT = {
    "ENVIRONMENT": "testing",
    "JWT_SECRET_KEY": SECRET,
    "HULEEDU_INTERNAL_API_KEY": "internal-key-for-tests",
}

# budget, attempts, max_age, stale_while_revalidate, stale_if_error, in Redis, in flight
DEFAULTS = {
    "ras.user_list": (2.0, 2, 2, 5, 600, False, 64),
    "ras.class_activity": (2.0, 2, 60, 60, 600, False, 48),
    # A minute, because they give a batch's owner (decision 13).
    "ras.one_batch": (2.0, 2, 2, 5, 60, False, 64),
    "ras.one_essay": (2.0, 2, 2, 5, 60, False, 64),
    "cms.class_list": (1.0, 2, 30, 300, 3600, True, 32),
    "cms.class_info": (0.8, 1, 60, 600, 3600, True, 16),
    "cms.rosters": (1.0, 2, 30, 120, 600, False, 32),
    "cms.student_names": (1.0, 2, 30, 120, 600, False, 32),
    "cms.associations": (1.5, 2, 0, 0, 0, False, 16),
    "cms.validation": (0.8, 2, 2, 5, 30, False, 48),
    "cms.confirm": (5.0, 1, 0, 0, 0, False, 8),
    "bos.pipeline_state": (0.8, 2, 2, 5, 30, False, 64),
    "bos.preflight": (10.0, 1, 0, 0, 0, False, 16),
    "bos.retry_phase": (8.0, 1, 0, 0, 0, False, 8),
    "files.state": (0.8, 2, 2, 10, 0, False, 16),
    "files.upload": (60.0, 1, 0, 0, 0, False, 16),
    "files.remove": (5.0, 1, 0, 0, 0, False, 8),
    "content.text": (1.5, 2, 86400, 0, 0, False, 32),
    "content.store": (3.0, 1, 0, 0, 0, False, 16),
    "identity.profile": (0.8, 2, 60, 600, 3600, False, 16),
    "entitlements.balance": (0.8, 2, 10, 60, 0, False, 8),
    "entitlements.check": (0.8, 1, 0, 0, 0, False, 8),
    "platform_gateway.register_batch": (5.0, 1, 0, 0, 0, False, 16),
    "platform_gateway.start_pipeline": (12.0, 1, 0, 0, 0, False, 16),
}


def settings() -> Settings:
    return Settings.load(ENVIRONMENT)


def rules() -> dict[str, Operation]:
    return {
        f"{service.name}.{name}": rule
        for service in settings().called_services
        for name, rule in service.operations.items()
    }


def test_every_operation_has_the_documented_defaults() -> None:
    found = {
        name: (
            rule.budget,
            rule.attempts,
            rule.max_age,
            rule.stale_while_revalidate,
            rule.stale_if_error,
            rule.store_in_redis,
            rule.in_flight,
        )
        for name, rule in rules().items()
    }

    assert found == DEFAULTS


def test_every_service_has_the_documented_breaker() -> None:
    documented = BreakerSettings(
        window=30.0,
        buckets=10,
        minimum_calls=20,
        failure_rate=0.5,
        slow_rate=0.8,
        probes=3,
        open_for=5.0,
        open_cap=60.0,
        open_cap_healthy=15.0,
        jitter=0.2,
    )

    assert [service.breaker for service in settings().called_services] == [documented] * len(
        settings().called_services
    )
    assert {service.retry_share for service in settings().called_services} == {0.1}
    assert settings().request_budget == 3.0


def test_budget_that_leaves_a_confirmation_no_time_is_refused() -> None:
    budgets = {
        "BFF_TEACHER_SERVICE_CONFIRM_BUDGET": "2",
        "BFF_TEACHER_SERVICE_LEDGER_BUDGET": "1",
    }

    with pytest.raises(SettingsError, match=r"^BFF_TEACHER_SERVICE_LEDGER_BUDGET: .* below"):
        Settings.load(ENVIRONMENT | budgets)


def test_only_operations_without_student_names_are_stored_in_redis() -> None:
    assert {name for name, rule in rules().items() if rule.store_in_redis} == {
        "cms.class_list",
        "cms.class_info",
    }


def test_connections_are_enough_for_all_bulkheads_full_at_once() -> None:
    assert sum(rule.in_flight for rule in rules().values()) <= CONNECTIONS // 2


def test_the_documentation_lists_the_defaults() -> None:
    page = (Path(__file__).parents[3] / "docs" / "resilience.md").read_text()
    rows = re.findall(
        r"^\| `([A-Z_]+?)__([A-Z_]+)` \| ([\d.]+) \| (\d) \| (\d+) / (\d+) / (\d+) \| (\w+).*\| (\d+) \|$",
        page,
        re.MULTILINE,
    )
    documented = {
        f"{service}.{operation}".lower(): (*map(float, numbers), shared == "yes", int(room))
        for service, operation, *numbers, shared, room in rows
    }

    assert documented == DEFAULTS
