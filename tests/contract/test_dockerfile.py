"""The Dockerfile holds, and each way in which it might not is found and named."""

import re
import tomllib

from tools.compose import rules, settings_rules
from tools.compose.documents import ROOT, image_stages

DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")


def test_image_asks_its_own_port() -> None:
    wrong = DOCKERFILE.replace('"/opt/healthcheck.sh", "4101"', '"/opt/healthcheck.sh", "4102"')

    found = [line for stage in image_stages(wrong) for line in rules.image(stage)]

    assert found == ["Dockerfile: target service listens on 4101, its HEALTHCHECK asks 4102"]


def test_image_without_a_digest_or_with_a_volume_is_found() -> None:
    floating = re.sub(r"@sha256:[0-9a-f]+", "", DOCKERFILE) + "VOLUME /data\n"

    assert list(rules.base_images(floating)) == [
        "Dockerfile: PYTHON_IMAGE=python:3.13-slim has no digest: add it",
        "Dockerfile: VOLUME gives every new container an empty volume: take it out",
    ]


def test_image_has_the_version_and_the_licence_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

    for name in ("version", "licenses"):
        said = set(re.findall(rf'opencontainers\.image\.{name}="([^"]*)"', DOCKERFILE))
        assert said == {project["license" if name == "licenses" else name]}


def test_image_installs_what_the_lock_says_from_a_cache_of_the_builder() -> None:
    runs = re.findall(r"^RUN .*?[^\\]$", DOCKERFILE, flags=re.DOTALL | re.MULTILINE)
    syncs = [line for line in runs if "uv sync" in line]

    assert len(syncs) == 3
    assert all("uv sync --locked " in line for line in syncs)
    assert all("--mount=type=cache" in line for line in runs if re.search(r"uv (sync|pip)", line))


def test_image_sets_what_is_read() -> None:
    settings = settings_rules.settings_of("services.gateway")
    assert settings is not None
    ours = [settings]

    found = list(settings_rules.image_names({"API_GATEWAY_HOSTS": "0.0.0.0"}, ours))

    assert found == [
        "Dockerfile sets API_GATEWAY_HOSTS, which no service reads: rename it, or take it out"
    ]
