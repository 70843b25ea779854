"""The image as far as it goes without an engine: its own steps, its tree, every command of compose."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from devstack.seed import PASSWORD
from devstack.seed.people import ANNA
from tests import local_servers
from tests.conftest import NO_POSTGRES
from tests.e2e.compose_run import UNKNOWN_USER, ComposeRun, running
from tests.e2e.image_steps import ROOT, Builder, ImageTree, files_below, stages, uv_binary
from tests.e2e.patience import wait_until

OURS = ("gateway", "bff_teacher", "bff_admin", "config_service")
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
WRITABLE_BY_ALL = 0o022


@pytest.fixture(scope="module")
def scratch() -> Iterator[Path]:
    # Not in pytest's folder, which no other user may enter.
    folder = Path(tempfile.mkdtemp(prefix="test-image-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def images(scratch: Path) -> dict[str, ImageTree]:
    uv = uv_binary()
    if uv is None:
        pytest.skip("no uv here: the image's steps are its")
    builder = Builder(DOCKERFILE, scratch, uv)
    return {target: builder.made(target) for target in ("service", "devstack")}


@pytest.fixture(scope="module")
def run(images: dict[str, ImageTree], scratch: Path) -> Iterator[ComposeRun]:
    binaries = local_servers.postgres_folder()
    if binaries is None:
        pytest.skip(NO_POSTGRES)
    with running(images, scratch, binaries) as started:
        yield started


def test_what_ships_holds_neither_devstack_nor_demo_logins(images: dict[str, ImageTree]) -> None:
    files = list(files_below(images["service"].folder))
    own = [path for path in files if "/services/" in str(path) or "/bff_core/" in str(path)]

    assert own
    assert not [path for path in files if {"devstack", "seed", "emulators"} & set(path.parts)]
    assert not [path for path in own if b"Demo-Pass" in path.read_bytes()]
    assert not [path for path in own if b"@demo.huleedu.se" in path.read_bytes()]


def test_what_ships_holds_no_build_tools(images: dict[str, ImageTree]) -> None:
    site = next((images["service"].folder / "opt/venv/lib").glob("*/site-packages"))

    names = {path.name.partition("-")[0].lower() for path in site.iterdir()}

    assert not names & {"pip", "setuptools", "wheel", "uv", "hatchling", "pytest", "ruff", "mypy"}


def test_what_ships_is_readable_by_all_and_written_by_none(images: dict[str, ImageTree]) -> None:
    for tree in images.values():
        for path in files_below(tree.folder / "opt"):
            if not path.is_symlink():
                mode = path.stat().st_mode
                assert mode & 0o004, path
                assert not mode & WRITABLE_BY_ALL, path


def test_every_file_that_a_service_reads_is_in_the_wheel(images: dict[str, ImageTree]) -> None:
    app = images["service"].folder / "opt/app"
    shipped = {path.relative_to(app).as_posix() for path in files_below(app / "services")}
    tracked = subprocess.run(
        ["git", "ls-files", "services"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    # Without it `services` is a namespace, which Identity's own package shares.
    assert set(tracked.stdout.split()) - {"services/__init__.py"} <= shipped


def test_screens_are_built_and_node_is_not_there(images: dict[str, ImageTree]) -> None:
    for tree in images.values():
        assert not [path for path in files_below(tree.folder / "opt") if path.name == "node"]
    built = {path.suffix for path in files_below(images["service"].folder / "opt/web")}

    assert {".html", ".js", ".css", ".br", ".gz", ".woff2"} <= built


def test_our_code_is_in_a_folder_and_a_layer_of_its_own(images: dict[str, ImageTree]) -> None:
    service = images["service"].folder / "opt"
    names = {path.name.partition("-")[0] for path in service.glob("venv/lib/*/site-packages/*")}
    copies = [rest.split()[1] for word, rest in stages(DOCKERFILE)["service"] if word == "COPY"]

    assert {path.name for path in (service / "app").iterdir()} >= {"bff_core", "services"}
    assert not names & {"bff_core", "services", "huleedu_bff"}
    assert copies == ["/opt/venv", "/opt/app", "/build/web/dist"]
    assert sum(path.stat().st_size for path in files_below(service / "app")) < 8_000_000


@pytest.mark.postgres
def test_containers_need_no_known_user_no_home_and_no_writable_image(run: ComposeRun) -> None:
    process = run.processes["gateway"].pid
    owner = Path(f"/proc/{process}/status").read_text().partition("Uid:")[2].split()[0]

    assert "HOME" not in run.environment("gateway")
    assert not run.confined or owner == str(UNKNOWN_USER)


@pytest.mark.postgres
def test_every_command_is_healthy_with_the_environment_of_its_container(run: ComposeRun) -> None:
    asked = [name for name in run.processes if name != "seed"]

    assert {*OURS, "identity_service", "result_aggregator_service"} <= set(asked)
    assert [name for name in asked if not run.is_healthy(name)] == []


@pytest.mark.postgres
def test_a_teacher_signs_in_and_sees_the_dashboard(run: ComposeRun) -> None:
    body = {"email": ANNA.email, "password": PASSWORD}
    signed_in = httpx.post(f"{run.gateway}/v1/auth/login", json=body, timeout=10)
    bearer = {"Authorization": f"Bearer {signed_in.json()['access_token']}"}

    def is_whole() -> bool:
        answer = httpx.get(f"{run.gateway}/bff/v1/teacher/dashboard", headers=bearer, timeout=10)
        assert answer.status_code == 200
        assert answer.json()["batches"]
        return {part["status"] for part in answer.json()["parts"]} == {"ok"}

    # The first answer leaves out what a machine that has just started so much tells too late.
    wait_until(is_whole)


@pytest.mark.postgres
def test_gateway_serves_the_screens_of_the_image(run: ComposeRun) -> None:
    page = httpx.get(f"{run.gateway}/app/dashboard", timeout=10)

    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["content-encoding"] in {"br", "gzip"}
    assert "/assets/" in page.text


@pytest.mark.postgres
def test_token_of_a_demo_login_comes_from_the_containers(run: ComposeRun) -> None:
    command = [sys.executable, "-m", "devstack", "token", "erik", "--url", run.gateway]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    bearer = {"Authorization": f"Bearer {printed.stdout.strip()}"}

    answer = httpx.get(f"{run.gateway}/bff/v1/teacher/me", headers=bearer, timeout=10)

    assert answer.status_code == 200


@pytest.mark.postgres
def test_routes_are_described_outside_production(run: ComposeRun) -> None:
    for name in OURS:
        page = httpx.get(f"http://127.0.0.1:{run.ports[name]}/docs", timeout=10)
        assert page.status_code == 200, name
        assert page.headers["content-type"].startswith("text/html"), name


@pytest.mark.postgres
def test_services_write_nowhere_but_to_their_volume(run: ComposeRun) -> None:
    written = {path.name for path in files_below(run.data)}

    assert {"platform.sqlite3", "identity.db"} <= written
    assert not [
        path for path in files_below(run.images["service"].folder) if "sqlite3-wal" in path.name
    ]


@pytest.mark.postgres
def test_health_check_finds_a_service_that_has_stopped(run: ComposeRun) -> None:
    assert run.stop("bff_admin") == 0

    assert not run.is_healthy("bff_admin")
