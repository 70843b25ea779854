import sys
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from devstack.supervisor.environment import (
    EMULATOR_VARIABLES,
    ignored_variables,
    inherited_environment,
)
from devstack.supervisor.keys import StackKeys
from devstack.supervisor.processes import PLAN, redis_command, seed_command
from devstack.supervisor.stack import Home, PlatformOptions, ProcessSpec, RunningStack

KEYS = StackKeys("jwt-secret", "internal-key")


def stack(offset: int = 0) -> RunningStack:
    return RunningStack(Home(Path("/home-of-it")), PLAN.ports(offset), KEYS, offset)


def environment_of(name: str, offset: int = 0) -> dict[str, str]:
    process = next(process for process in PLAN.processes if process.name == name)
    return dict(process.env(stack(offset)))


def test_emulator_learns_its_port_its_data_and_the_internal_key() -> None:
    env = environment_of("ras", offset=100)

    assert (env["DEVSTACK_HOST"], env["DEVSTACK_PORT"]) == ("127.0.0.1", "4103")
    assert env["DEVSTACK_DATA_DIR"] == "/home-of-it/data"
    assert env["REDIS_CACHE_TTL_SECONDS"] == "5"
    assert env["HULEEDU_INTERNAL_API_KEY"] == "internal-key"


def test_websocket_emulator_carries_both_channels_of_a_user() -> None:
    env = environment_of("websocket")

    assert env["DEVSTACK_WEBSOCKET_CHANNELS"] == "ws:{user_id} user:{user_id}:events"
    assert (env["JWT_SECRET_KEY"], env["DEVSTACK_PORT"]) == ("jwt-secret", "8081")


@pytest.mark.parametrize(("scenario", "pace"), [(True, "3"), (False, "")])
def test_batches_move_only_where_the_scenario_is_wanted(*, scenario: bool, pace: str) -> None:
    ras = next(process for process in PLAN.processes if process.name == "ras")
    wanted = replace(stack(), platform=PlatformOptions(scenario=scenario))

    assert ras.env(wanted)["DEVSTACK_SCENARIO_PACE_SECONDS"] == pace


@pytest.mark.parametrize("choice", ["shipped", "fixed"])
def test_cms_learns_which_class_info_is_wanted(choice: Literal["shipped", "fixed"]) -> None:
    cms = next(process for process in PLAN.processes if process.name == "cms")
    wanted = replace(stack(), platform=PlatformOptions(cms_class_info=choice))

    assert cms.env(wanted)["DEVSTACK_CMS_CLASS_INFO"] == choice


def test_class_info_fails_where_nothing_else_is_wanted() -> None:
    assert environment_of("cms")["DEVSTACK_CMS_CLASS_INFO"] == "shipped"


def test_service_learns_where_every_other_one_is_after_a_shift() -> None:
    env = environment_of("bff_teacher", offset=100)

    assert env["BFF_TEACHER_SERVICE_PORT"] == "4201"
    assert env["RESULT_AGGREGATOR_URL"] == "http://127.0.0.1:4103"
    assert env["CMS_API_URL"] == "http://127.0.0.1:5102"
    assert env["IDENTITY_SERVICE_URL"] == "http://127.0.0.1:7105"
    assert env["FILE_SERVICE_URL"] == "http://127.0.0.1:7101"
    assert env["CONTENT_SERVICE_URL"] == "http://127.0.0.1:8100"
    assert env["ENVIRONMENT"] == "development"


def test_teacher_service_keeps_its_ledger_with_the_demo_s_data() -> None:
    env = environment_of("bff_teacher")

    assert (
        env["BFF_TEACHER_SERVICE_LEDGER_URL"] == "sqlite:////home-of-it/data/teacher-ledger.sqlite3"
    )


def test_gateway_finds_the_teacher_service_and_identity() -> None:
    env = environment_of("gateway")

    assert env["API_GATEWAY_PORT"] == "8080"
    assert env["BFF_TEACHER_URL"] == "http://127.0.0.1:4101"


def test_admin_service_finds_identity_settings_and_whom_it_watches() -> None:
    env = environment_of("bff_admin", offset=100)

    assert env["BFF_ADMIN_SERVICE_PORT"] == "4202"
    assert env["IDENTITY_SERVICE_URL"] == "http://127.0.0.1:7105"
    assert env["CONFIG_SERVICE_URL"] == "http://127.0.0.1:4203"
    assert env["API_GATEWAY_URL"] == "http://127.0.0.1:8180"


def test_settings_are_kept_with_the_seeded_data() -> None:
    env = environment_of("config_service")

    assert env["CONFIG_SERVICE_DATABASE_URL"] == "sqlite:////home-of-it/data/config.db"
    assert len(env["CONFIG_SERVICE_AUDIT_KEY"]) == 64


def test_issuer_and_verifiers_share_their_secret_and_redis() -> None:
    issuer, teacher, gateway = map(environment_of, ("identity", "bff_teacher", "gateway"))

    assert issuer["IDENTITY_SERVICE_JWT_DEV_SECRET"] == teacher["JWT_SECRET_KEY"] == "jwt-secret"
    assert gateway["JWT_SECRET_KEY"] == "jwt-secret"
    assert issuer["HULEEDU_INTERNAL_API_KEY"] == teacher["HULEEDU_INTERNAL_API_KEY"]
    assert issuer["REDIS_URL"] == teacher["REDIS_URL"] == gateway["REDIS_URL"]


def test_shell_passes_the_basics_and_our_own_settings_only() -> None:
    shell = {
        "PATH": "/bin",
        "BFF_TEACHER_SERVICE_REQUEST_BUDGET": "5",
        "LOG_LEVEL": "DEBUG",
        "HTTP_PROXY": "http://proxy",
        "JWT_PUBLIC_KEY": "of something else",
        "REDIS_URL": "redis://production",
    }

    passed = inherited_environment(shell)

    assert passed["BFF_TEACHER_SERVICE_REQUEST_BUDGET"] == "5"
    assert passed["LOG_LEVEL"] == "DEBUG"
    assert not {"HTTP_PROXY", "JWT_PUBLIC_KEY", "REDIS_URL"} & passed.keys()


def test_redis_is_real_where_it_is_installed_and_keeps_nothing(tmp_path: Path) -> None:
    command = redis_command(stack(), which=lambda _name: "/usr/bin/redis-server")

    assert command[0] == "/usr/bin/redis-server"
    assert command[command.index("--save") + 1] == ""
    assert command[command.index("--bind") + 1] == "127.0.0.1"


def test_redis_has_a_stand_in_where_it_is_not_installed() -> None:
    command = redis_command(stack(), which=lambda _name: None)

    assert tuple(command) == (sys.executable, "-m", "devstack.supervisor.redis_server", "6390")


@pytest.mark.parametrize("process", PLAN.processes, ids=lambda process: process.name)
def test_secrets_travel_by_environment_never_by_command_line(process: ProcessSpec) -> None:
    command = " ".join(process.command(stack()))

    assert KEYS.jwt_secret not in command
    assert KEYS.internal_api_key not in command
    assert KEYS.audit_key not in command


def test_seed_is_told_to_begin_anew() -> None:
    assert "--fresh" in seed_command(stack(), fresh=True)
    assert "--fresh" not in seed_command(stack(), fresh=False)


def test_lifetimes_of_the_emulators_reach_them() -> None:
    shell = dict.fromkeys(EMULATOR_VARIABLES, "40")

    assert shell.items() <= inherited_environment(shell).items()


def test_variables_that_do_not_reach_the_devstack_are_named() -> None:
    shell = {
        "PATH": "/bin",
        "EDITOR": "vi",
        "DEVSTACK_HOME": "/somewhere",
        "BFF_TEACHER_SERVICE_CMS__CLASS_LIST__BUDGET": "2",
        "JWT_SECRET_KEY": "mine",
        "DEVSTACK_IDENTITY_LOGIN_LIMITS": "9",
    }

    unknown, own = ignored_variables(shell)

    assert unknown.startswith("DEVSTACK_IDENTITY_LOGIN_LIMITS is not used")
    assert unknown.endswith("Did you mean DEVSTACK_IDENTITY_LOGIN_LIMIT?")
    assert own == "JWT_SECRET_KEY is not used: the devstack sets its own."


def test_service_does_not_get_its_own_address() -> None:
    assert "CONFIG_SERVICE_URL" not in environment_of("config_service")
    assert "API_GATEWAY_URL" not in environment_of("gateway")
    assert "CONFIG_SERVICE_URL" in environment_of("bff_admin")


def test_variables_of_the_emulators_are_on_the_page() -> None:
    page = (Path(__file__).parents[3] / "docs" / "development.md").read_text()

    for name, meaning in EMULATOR_VARIABLES.items():
        assert f"| `{name}` | {meaning} |" in page
