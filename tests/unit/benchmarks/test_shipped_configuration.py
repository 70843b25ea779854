"""The benchmark measures the shipped configuration: nothing is switched off."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from benchmarks.contestants import ENGINES, Contestant, MakeContestant, baseline_of, gateway
from benchmarks.processes import ROOT, python_path
from benchmarks.scenarios import ours_on_granian, ours_on_hypercorn
from bff_core.settings import ServiceSettings
from services.bff_teacher.config import Settings as TeacherSettings
from services.gateway.config import Settings as GatewaySettings

UPSTREAM = "http://127.0.0.1:9"
PLACES = {"host", "port", "ledger_url"}
ENGINE = {"server"}
KEYS = {"jwt_secret_key", "internal_api_key"}


def flat(value: Mapping[str, object], path: str = "") -> dict[str, object]:
    found: dict[str, object] = {}
    for name, item in value.items():
        if isinstance(item, dict):
            found |= flat(item, f"{path}{name}.")
        else:
            found[f"{path}{name}"] = item
    return found


def changed(kind: type[ServiceSettings], contestant: Contestant) -> set[str]:
    """The settings that the benchmark sets to other values than their defaults."""
    given = {name: value.format(port=4101) for name, value in contestant.environment.items()}
    settings = kind.load(given)
    defaults = kind.model_construct()
    ours, shipped = flat(settings.model_dump()), flat(defaults.model_dump())
    return {name for name, value in ours.items() if value != shipped.get(name)}


@pytest.mark.parametrize("make", [ours_on_hypercorn, ours_on_granian])
def test_only_addresses_keys_and_the_engine_are_set(make: MakeContestant, tmp_path: Path) -> None:
    found = changed(TeacherSettings, make(UPSTREAM, tmp_path))

    assert found >= KEYS
    assert {name for name in found if not name.endswith(".url")} <= PLACES | KEYS | ENGINE


def test_the_gateway_only_raises_the_limit_per_user(tmp_path: Path) -> None:
    found = changed(GatewaySettings, gateway(UPSTREAM, tmp_path))

    assert {name for name in found if not name.endswith(".url")} <= (
        PLACES | KEYS | {"user_per_minute", "session_keys"}
    )


def test_engines_are_chosen_by_the_services_own_settings(tmp_path: Path) -> None:
    teacher = [
        make(UPSTREAM, tmp_path).environment for make in (ours_on_hypercorn, ours_on_granian)
    ]

    values = [engine.lower() for engine in ENGINES]
    assert [one["BFF_TEACHER_SERVICE_SERVER"] for one in teacher] == values


def test_baseline_is_the_same_service_of_the_other_checkout_as_shipped(tmp_path: Path) -> None:
    shipped = ours_on_hypercorn(UPSTREAM, tmp_path)

    baseline = baseline_of(tmp_path, ours_on_hypercorn, UPSTREAM, tmp_path)

    assert baseline.command == [str(tmp_path / ".venv/bin/python"), "-m", "services.bff_teacher"]
    assert baseline.folder == tmp_path
    expected = {**shipped.environment, **python_path(tmp_path)}
    del expected["BFF_TEACHER_SERVICE_SERVER"]
    assert baseline.environment == expected
    assert str(ROOT) not in baseline.environment["PYTHONPATH"].split(":")


def test_secrets_are_checked_as_in_production(tmp_path: Path) -> None:
    environment = ours_on_hypercorn(UPSTREAM, tmp_path).environment

    assert environment["ENVIRONMENT"] == "production"


def test_ours_is_started_as_a_deployment_starts_it(tmp_path: Path) -> None:
    command = ours_on_hypercorn(UPSTREAM, tmp_path).command

    assert list(command[1:]) == ["-m", "services.bff_teacher"]


def test_requests_are_logged_at_info(tmp_path: Path) -> None:
    environment = ours_on_hypercorn(UPSTREAM, tmp_path).environment
    given = {name: value.format(port=4101) for name, value in environment.items()}

    settings = TeacherSettings.load(given)

    assert (settings.log_level, settings.log_format) == ("INFO", "json")
