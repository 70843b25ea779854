"""The compose files hold, and each way in which they might not is found and named."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import Field, SecretStr, create_model

from bff_core.settings import ServiceSettings, SettingsError
from tools.check_compose import findings, of_stack, require_readable
from tools.compose import settings_rules
from tools.compose.documents import (
    BASE,
    BESIDE_PLATFORM,
    EXAMPLE,
    GUIDE,
    ROOT,
    NotReadable,
    Service,
    Stack,
    compose,
    stacks,
)

Services = dict[str, Service]
OURS = ("gateway", "bff_teacher", "bff_admin", "config_service")
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")


@pytest.fixture(scope="module")
def alone() -> Stack:
    return stacks(DOCKERFILE)[0]


def settings_of(module: str) -> type[ServiceSettings]:
    settings = settings_rules.settings_of(module)
    assert settings is not None
    return settings


def changed(stack: Stack, change: Callable[[Services], Any]) -> Stack:
    services = deepcopy(dict(stack.services))
    change(services)
    return replace(stack, services=services)


def test_files_as_they_are_hold() -> None:
    require_readable()

    assert list(findings()) == []


def test_compose_does_not_start_without_secrets() -> None:
    with pytest.raises(NotReadable, match="JWT_SECRET_KEY"):
        compose("config", "--quiet")


@pytest.mark.parametrize("profile", ["emulators", "gateway"])
def test_profiles_add_to_what_runs(profile: str) -> None:
    given = compose("--env-file", EXAMPLE, "--profile", profile, "config", "--services").split()

    assert {"gateway", "bff_teacher", "bff_admin", "config_service"} <= set(given)


def drop_health(services: Services) -> None:
    del services["redis"]["healthcheck"]


def disable_health(services: Services) -> None:
    services["redis"]["healthcheck"]["disable"] = True


def wait_for_nobody(services: Services) -> None:
    services["gateway"]["depends_on"]["rabbitmq"] = {"condition": "service_healthy"}


def restart_the_seed(services: Services) -> None:
    services["seed"]["restart"] = "unless-stopped"


def ask_another_port(services: Services) -> None:
    services["gateway"]["healthcheck"]["test"][-1] = "8081"


def publish_another_port(services: Services) -> None:
    services["gateway"]["ports"] = ["8080:8089"]


def listen_elsewhere(services: Services) -> None:
    services["gateway"]["environment"]["API_GATEWAY_PORT"] = "9000"


def call_another_port(services: Services) -> None:
    services["gateway"]["environment"]["BFF_TEACHER_URL"] = "http://bff_teacher:4111"


def call_a_stranger(services: Services) -> None:
    services["gateway"]["environment"]["BFF_TEACHER_URL"] = "http://bff_taecher:4101"


def write_to_disk(services: Services) -> None:
    services["gateway"]["read_only"] = False


def keep_capabilities(services: Services) -> None:
    del services["config_service"]["cap_drop"]


def take_all_memory(services: Services) -> None:
    del services["bff_teacher"]["deploy"]["resources"]["limits"]["memory"]


def forget_the_open_files(services: Services) -> None:
    del services["gateway"]["ulimits"]


def hurry(services: Services) -> None:
    services["bff_teacher"]["stop_grace_period"] = "10s"


def misspell(services: Services) -> None:
    environment = services["bff_teacher"]["environment"]
    environment["CMS_URL"] = environment.pop("CMS_API_URL")


def forget_an_address(services: Services) -> None:
    del services["bff_admin"]["environment"]["IDENTITY_SERVICE_URL"]


def forget_a_secret(services: Services) -> None:
    del services["config_service"]["environment"]["CONFIG_SERVICE_AUDIT_KEY"]


def give_a_secret_away(services: Services) -> None:
    services["gateway"]["environment"]["JWT_SECRET_KEY"] = "${JWT_SECRET_KEY:-changeme}"


def give_a_password_away(services: Services) -> None:
    services["bff_postgres"]["environment"]["POSTGRES_PASSWORD"] = "postgres"


def check_often(services: Services) -> None:
    services["gateway"]["healthcheck"]["interval"] = "5s"


def wait_for_the_first_interval(services: Services) -> None:
    del services["gateway"]["healthcheck"]["start_interval"]


def check_with_python(services: Services) -> None:
    services["gateway"]["healthcheck"]["test"] = ["CMD", "python", "/opt/check.py", "8080"]


def forget_a_volume(services: Services) -> None:
    del services["config_service"]["volumes"]


def mount_without_a_name(services: Services) -> None:
    services["config_service"]["volumes"] = [{"type": "volume", "target": "/data"}]


def fill_the_memory(services: Services) -> None:
    services["gateway"]["tmpfs"] = ["/tmp"]


def float_with_the_tag(services: Services) -> None:
    services["redis"]["image"] = "redis:7-alpine"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (check_often, "gateway is checked every 5s: raise the interval to 30s"),
        (wait_for_the_first_interval, "give it a start_interval"),
        (check_with_python, "gateway starts Python for every check"),
        (forget_a_volume, "config_service may store SQLite files in /data: mount a named volume"),
        (mount_without_a_name, "config_service mounts /data without a named volume"),
        (fill_the_memory, "gateway lacks a size for every tmpfs"),
        (float_with_the_tag, "redis lacks a digest in its image"),
        (drop_health, "waits until redis is healthy, but redis has no healthcheck"),
        (disable_health, "redis lacks a healthcheck"),
        (wait_for_nobody, "gateway waits for rabbitmq, which is not there"),
        (restart_the_seed, "waits for the end of seed, which starts again"),
        (ask_another_port, "gateway listens on 8080, but its healthcheck says 8081"),
        (publish_another_port, "gateway listens on 8080, but its published port says 8089"),
        (listen_elsewhere, "gateway listens on 9000, but its healthcheck says 8080"),
        (call_another_port, "but bff_teacher listens on 4101"),
        (call_a_stranger, "names bff_taecher, which is no service here"),
        (write_to_disk, "gateway lacks read_only"),
        (keep_capabilities, "config_service lacks cap_drop"),
        (take_all_memory, "bff_teacher lacks limits"),
        (forget_the_open_files, "gateway lacks ulimits of nofile for its connections"),
        (hurry, "bff_teacher may take 25 s to stop"),
        (misspell, "is given CMS_URL, which services.bff_teacher.config does not read: rename it"),
        (misspell, "bff_teacher lacks BFF_TEACHER_SERVICE_CMS__URL"),
        (forget_an_address, "bff_admin lacks BFF_ADMIN_SERVICE_IDENTITY__URL"),
        (forget_a_secret, "config_service lacks CONFIG_SERVICE_AUDIT_KEY"),
        (give_a_secret_away, "JWT_SECRET_KEY is a secret: write it as ${JWT_SECRET_KEY:?"),
        (give_a_password_away, "POSTGRES_PASSWORD is a secret"),
    ],
)
def test_each_fault_is_found_and_says_what_to_do(
    alone: Stack, change: Callable[[Services], None], said: str
) -> None:
    found = list(of_stack(changed(alone, change)))

    assert any(said in line for line in found), found


def test_name_that_the_platform_uses_too_is_found_beside_it() -> None:
    beside = stacks(DOCKERFILE)[1]

    found = list(of_stack(changed(beside, lambda all_: all_.update(postgres=all_["bff_postgres"]))))

    assert "postgres is the name of a container of the platform: rename it" in found


def test_builds_are_reset_under_each_service() -> None:
    """An older Compose ignores `!reset` in a mapping that is merged."""
    document = yaml.compose((ROOT / BESIDE_PLATFORM).read_text("utf-8"), Loader=yaml.SafeLoader)
    assert document is not None
    services = {key.value: value for key, value in document.value}["services"]

    tags = {
        name.value: {key.value: value.tag for key, value in service.value}.get("build")
        for name, service in services.value
        if service.tag != "!reset"
    }

    assert tags == dict.fromkeys(OURS, "!reset")


def test_renamed_setting_is_found_from_both_sides(alone: Stack) -> None:
    renamed = create_model(
        "Renamed",
        __base__=ServiceSettings,
        __module__="services.config_service.config",
        port=(int, 4103),
        internal_api_key=(SecretStr, Field(validation_alias="HULEEDU_INTERNAL_API_KEY")),
        audit_seal=(SecretStr, Field()),
    )
    renamed.model_config["env_prefix"] = "CONFIG_SERVICE_"
    given = alone.environment("config_service")

    strange = list(settings_rules.strangers("config_service", given, renamed))
    absent = list(settings_rules.absent("config_service", given, renamed))

    assert any("given CONFIG_SERVICE_AUDIT_KEY" in line and "rename" in line for line in strange)
    assert any("lacks CONFIG_SERVICE_AUDIT_SEAL" in line for line in absent)


def test_emulator_is_given_what_it_knows(alone: Stack) -> None:
    def invent(services: Services) -> None:
        services["identity_service"]["environment"]["IDENTITY_SERVICE_JWT_DEV_SECRETS"] = "x"

    found = list(settings_rules.emulators(changed(alone, invent), ROOT / "devstack"))

    assert len(found) == 1
    assert "IDENTITY_SERVICE_JWT_DEV_SECRETS" in found[0]


def test_example_that_starts_nothing_is_found(alone: Stack) -> None:
    text = (ROOT / EXAMPLE).read_text("utf-8")

    lacking = list(settings_rules.example(alone, text.replace("JWT_SECRET_KEY=", "JWT_SECRET=")))

    assert f"{EXAMPLE} lacks JWT_SECRET_KEY, without which {BASE} does not start: add it" in lacking
    assert any("sets JWT_SECRET," in line for line in lacking)


def test_variable_that_the_guide_forgets_is_found(alone: Stack) -> None:
    text = (ROOT / GUIDE).read_text("utf-8").replace("GATEWAY_BIND", "…")

    found = list(settings_rules.guide(alone, text))

    assert found == [f"{GUIDE} does not mention GATEWAY_BIND, which {BASE} takes: add a line"]


@pytest.mark.parametrize("name", ["gateway", "bff_teacher", "bff_admin", "config_service"])
def test_example_s_secrets_start_nothing_in_production(name: str) -> None:
    lines = (ROOT / EXAMPLE).read_text("utf-8").splitlines()
    example = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    settings = settings_of(f"services.{name}")

    assert settings.load(example).environment.lenient
    with pytest.raises(SettingsError, match="well-known default"):
        settings.load(example | {"ENVIRONMENT": "production"})


def test_files_that_compose_refuses_are_one_line(tmp_path: Path) -> None:
    broken = tmp_path / "broken.yml"
    broken.write_text("services: {x: {imaeg: y}}")

    with pytest.raises(NotReadable, match="imaeg"):
        compose("-f", str(broken), "config", "--quiet")
