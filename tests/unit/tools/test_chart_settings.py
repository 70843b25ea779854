"""The environment of each pod is that of its settings; no manifest has a secret."""

import re
from pathlib import Path

import yaml

from bff_core.settings import variable_names
from tests.chart_kit import environment, loaded, needs_helm, of_kind, pods, with_value
from tools.chart.manifests import Manifest
from tools.settings_tables import settings_of

pytestmark = needs_helm
FOR_SERVICES_TO_COME = {"REPLICAS"}
"""Given to every service, whether it reads it or not."""


def test_every_variable_is_a_setting_of_its_service(objects: list[Manifest]) -> None:
    for name, one in of_kind(objects, "Deployment").items():
        settings = settings_of(name)
        read = set(variable_names(settings).values()) | set(settings.aliases)
        read |= {f"{secret}_FILE" for secret in settings.secret_names()}

        assert set(environment(one)) - read <= FOR_SERVICES_TO_COME


def test_every_service_starts_with_its_environment(objects: list[Manifest], tmp_path: Path) -> None:
    for name, one in of_kind(objects, "Deployment").items():
        settings = loaded(name, one, tmp_path)

        assert settings.environment == "production"
        assert settings.redis_url


def test_numbers_are_written_as_services_read_them(tmp_path: Path) -> None:
    values = {
        "gateway": {
            "settings": {
                "API_GATEWAY_MAX_BODY_BYTES": 20_971_520,
                "API_GATEWAY_REQUEST_BUDGET": 7.25,
                "FAST_PATH": False,
                "API_GATEWAY_CORS_ORIGINS": "https://a.example,https://b.example",
            }
        },
        "bff_teacher": {"settings": {"BFF_TEACHER_SERVICE_RAS__USER_LIST__BUDGET": 1.5}},
    }
    deployments = of_kind(with_value((), values), "Deployment")

    gateway = loaded("gateway", deployments["gateway"], tmp_path)
    teacher = loaded("bff_teacher", deployments["bff_teacher"], tmp_path)

    assert (gateway.max_body_bytes, gateway.request_budget) == (20_971_520, 7.25)
    assert gateway.fast_path is False
    assert gateway.cors_origins == ("https://a.example", "https://b.example")
    assert teacher.ras.user_list.budget == 1.5


def test_secrets_are_files_of_secrets_that_exist(objects: list[Manifest]) -> None:
    assert not [one for one in objects if one["kind"] == "Secret"]
    for pod in pods(objects):
        (container,) = pod["containers"]
        (secrets,) = (one["projected"] for one in pod["volumes"] if one["name"] == "secrets")
        mounted = {
            f"/run/secrets/huleedu/{item['path']}"
            for source in secrets["sources"]
            for item in source["secret"]["items"]
        }
        named = {one["value"] for one in container["env"] if one["name"].endswith("_FILE")}

        assert named == mounted
        assert secrets["defaultMode"] == 0o440


def test_no_secret_is_written_in_a_manifest(objects: list[Manifest]) -> None:
    for one in objects:
        if one["kind"] not in {"Deployment", "Job"}:
            continue
        service = one["metadata"]["labels"]["app.kubernetes.io/component"]
        secret = settings_of(service.removesuffix("_migration")).secret_names()
        written = {name: value for name, value in environment(one).items() if name in secret}

        assert all(value.startswith("sqlite:////data/") for value in written.values())
    assert "@" not in re.sub(r"@sha256:", "", yaml.safe_dump(objects))


def test_services_know_the_largest_number_of_their_replicas(cloud: list[Manifest]) -> None:
    numbers = {
        name: environment(one)["REPLICAS"] for name, one in of_kind(cloud, "Deployment").items()
    }

    assert numbers == {
        "gateway": "12",
        "bff_teacher": "12",
        "bff_admin": "4",
        "config_service": "2",
    }
