"""The TypeScript package as its users have it: built, packed, installed, pointed at a gateway."""

import re
import shutil
from pathlib import Path

import pytest

from devstack.seed import PASSWORD
from devstack.seed.people import ADMIN, ANNA
from tests import node_tools
from tests.e2e.demo_stack import DemoStack

ROOT = Path(__file__).resolve().parents[2]
SDK = ROOT / "sdk" / "typescript"
SCREENS = {
    "me": "Anna Lindqvist",
    "dashboard": "18 batches",
    "classes": "Svenska 3 EK22",
    "batch": "essays",
    "essay": "characters",
    "associations": "to decide",
    "pending users": "@demo.huleedu.se",
    "users": "accounts",
    "settings uploads": "version",
    "audit": "entries",
    "overview": "services healthy",
}

pytestmark = pytest.mark.node


def said_by(folder: Path, *command: str, **environ: str) -> str:
    """What a command said; one that fails for want of a network skips the test, and says so."""
    done = node_tools.run(folder, *command, environ=environ)
    if done.returncode and node_tools.is_offline(done.stdout):
        pytest.skip(f"{node_tools.NO_REGISTRY}: {done.stdout.strip().splitlines()[-1]}")
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package in a tree of its own, with what its lock names, built and checked strictly."""
    tree = tmp_path_factory.mktemp("typescript")
    shutil.copytree(ROOT / "openapi", tree / "openapi")
    folder = tree / "sdk" / "typescript"
    shutil.copytree(SDK, folder, ignore=shutil.ignore_patterns("node_modules", "dist", "build"))
    said_by(folder, "npm", "ci", "--prefer-offline")
    return folder


@pytest.fixture(scope="module")
def built(package: Path) -> Path:
    """The same, compiled as strictly as its own settings say."""
    said_by(package, "npm", "run", "check")
    return package


@pytest.fixture
def tokens(demo: DemoStack) -> dict[str, str]:
    return {
        "BFF_URL": demo.gateway,
        "TEACHER_TOKEN": demo.token(ANNA),
        "ADMIN_TOKEN": demo.token(ADMIN),
    }


def test_types_are_what_the_generator_makes_of_the_snapshots(package: Path) -> None:
    said_by(package, "node", "scripts/generate.mjs", "--check")

    snapshot = package.parents[1] / "openapi" / "bff_teacher.json"
    whole = snapshot.read_text()
    snapshot.write_text(whole.replace('"progress_percent"', '"progress"'))
    drifted = node_tools.run(package, "node", "scripts/generate.mjs", "--check")
    snapshot.write_text(whole)

    assert drifted.returncode == 1
    assert "teacher.ts is not what openapi/bff_teacher.json makes" in drifted.stdout
    assert "run `npm run generate` in sdk/typescript" in drifted.stdout


def test_a_field_that_goes_breaks_the_compilation_of_who_reads_it(built: Path) -> None:
    types = built / "dist" / "generated" / "teacher.d.ts"
    whole = types.read_text()
    types.write_text(whole.replace("        total_count: number;\n", ""))
    compiler = ("npx", "--no-install", "tsc", "--noEmit", "-p", "tsconfig.test.json")
    checked = node_tools.run(built, *compiler)
    types.write_text(whole)

    assert checked.returncode != 0
    assert "examples/every-screen.ts" in checked.stdout
    assert "'total_count'" in checked.stdout


def test_envelope_parts_and_stream_hold_against_servers_that_misbehave(built: Path) -> None:
    said = said_by(built, "npm", "run", "test:unit")

    assert passed(said) >= 40


def test_client_gets_every_screen_through_a_running_gateway(
    built: Path, tokens: dict[str, str]
) -> None:
    said = said_by(built, "npm", "run", "test:integration", **tokens)

    assert passed(said) >= 6


def test_a_stranger_reads_every_screen_with_the_commands_of_the_readme(
    built: Path, demo: DemoStack, tmp_path: Path
) -> None:
    packed = said_by(built, "npm", "pack", "--pack-destination", str(tmp_path)).split()[-1]
    commands = commands_for_every_screen().replace("http://127.0.0.1:8080", demo.gateway)
    installed = commands.replace("npm install @huleedu/bff-client", f"npm install ../{packed}")
    assert PASSWORD in installed
    assert commands != installed
    (tmp_path / "screens").mkdir()

    said = said_by(tmp_path / "screens", "sh", "-ec", installed)

    for screen, what in SCREENS.items():
        assert re.search(rf"^{screen}: .*{re.escape(what)}", said, re.MULTILINE), screen + said


def commands_for_every_screen() -> str:
    """The shell block of the package's README that ends in a run of the example."""
    blocks = re.findall(r"```sh\n(.*?)```", (SDK / "README.md").read_text(), re.DOTALL)
    [commands] = [block for block in blocks if "node every-screen.js" in block]
    return str(commands)


def passed(said: str) -> int:
    """How many tests node's runner says have passed, in either of its reports."""
    [count] = re.findall(r"^\W pass (\d+)$", said, re.MULTILINE)
    return int(count)
