"""The benchmark measures what is shipped: nothing is switched off to look faster."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from benchmarks import contestants
from benchmarks.contestants import Contestant
from bff_core.settings import ServiceSettings
from services.bff_teacher.config import Settings as TeacherSettings
from services.gateway.config import Settings as GatewaySettings

UPSTREAM = "http://127.0.0.1:9"
PLACES = {"host", "port", "ledger_url"}
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
    """What the benchmark sets to another value than the default."""
    given = {name: value.format(port=4101) for name, value in contestant.environment.items()}
    settings = kind.load(given)
    defaults = kind.model_construct()
    ours, shipped = flat(settings.model_dump()), flat(defaults.model_dump())
    return {name for name, value in ours.items() if value != shipped.get(name)}


@pytest.mark.parametrize("make", [contestants.ours, contestants.ours_on_granian])
def test_only_addresses_and_keys_are_set(make: contestants.MakeContestant, tmp_path: Path) -> None:
    found = changed(TeacherSettings, make(UPSTREAM, tmp_path))

    assert found >= KEYS
    assert {name for name in found if not name.endswith(".url")} <= PLACES | KEYS


def test_the_gateway_only_lets_its_few_callers_ask_more_often(tmp_path: Path) -> None:
    found = changed(GatewaySettings, contestants.gateway(UPSTREAM, tmp_path))

    assert {name for name in found if not name.endswith(".url")} <= (
        PLACES | KEYS | {"user_per_minute"}
    )


def test_secrets_are_checked_as_in_production(tmp_path: Path) -> None:
    environment = contestants.ours(UPSTREAM, tmp_path).environment

    assert environment["ENVIRONMENT"] == "production"


def test_ours_is_started_as_a_deployment_starts_it(tmp_path: Path) -> None:
    command = contestants.ours(UPSTREAM, tmp_path).command

    assert list(command[1:]) == ["-m", "services.bff_teacher"]


def test_requests_are_logged_at_info(tmp_path: Path) -> None:
    environment = contestants.ours(UPSTREAM, tmp_path).environment
    given = {name: value.format(port=4101) for name, value in environment.items()}

    settings = TeacherSettings.load(given)

    assert (settings.log_level, settings.log_format) == ("INFO", "json")
