"""The TypeScript package built, packed, installed, and used against a gateway."""

import json
import re
from pathlib import Path

import pytest

from devstack.seed import PASSWORD
from devstack.seed.people import ADMIN, ANNA
from tests import node_tools
from tests.e2e.demo_stack import DemoStack
from tests.node_tools import output_of

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


@pytest.fixture(scope="module")
def built(package: Path) -> Path:
    """The copy, compiled with its own strict settings."""
    output_of(package, "npm", "run", "check")
    return package


@pytest.fixture
def tokens(demo: DemoStack) -> dict[str, str]:
    return {
        "BFF_URL": demo.gateway,
        "TEACHER_TOKEN": demo.token(ANNA),
        "ADMIN_TOKEN": demo.token(ADMIN),
    }


def test_generated_types_match_the_openapi_snapshots(package: Path) -> None:
    output_of(package, "node", "scripts/generate.mjs", "--check")

    snapshot = package.parents[1] / "openapi" / "gateway.json"
    original = snapshot.read_text()
    snapshot.write_text(original.replace('"progress_percent"', '"progress"'))
    drifted = node_tools.run(package, "node", "scripts/generate.mjs", "--check")
    snapshot.write_text(original)

    assert drifted.returncode == 1
    assert "api.ts does not match openapi/gateway.json" in drifted.stdout
    assert "run `npm run generate` in sdk/typescript" in drifted.stdout


def test_a_removed_field_breaks_the_compilation_of_its_readers(built: Path) -> None:
    types = built / "dist" / "generated" / "api.d.ts"
    original = types.read_text()
    types.write_text(re.sub(r" +total_count: number.*;\n", "", original))
    compiler = ("npx", "--no-install", "tsc", "--noEmit", "-p", "tsconfig.test.json")
    compiled = node_tools.run(built, *compiler)
    types.write_text(original)

    assert compiled.returncode != 0
    assert "examples/every-screen.ts" in compiled.stdout
    assert "'total_count'" in compiled.stdout


def test_package_has_two_entry_points_and_the_sources_of_its_maps(built: Path) -> None:
    listed = output_of(built, "npm", "pack", "--dry-run", "--json", "--ignore-scripts")
    [packed] = json.loads(listed[listed.index("[") :])
    files = {file["path"] for file in packed["files"]}
    compiled = {path for path in files if path.endswith(".js")}

    assert {"dist/index.js", "dist/index.d.ts", "dist/queries.js", "dist/queries.d.ts"} <= files
    for path in compiled:
        sources = json.loads((built / f"{path}.map").read_text())["sources"]
        assert f"{path}.map" in files
        assert {f"src/{source.partition('src/')[2]}" for source in sources} <= files


def test_export_without_a_description_fails_the_check(built: Path) -> None:
    source = built / "src" / "sleep.ts"
    entry = built / "src" / "index.ts"
    originals = {path: path.read_text() for path in (source, entry)}
    source.write_text(originals[source].partition("\n")[2])
    entry.write_text(originals[entry] + 'export { sleep } from "./sleep.js";\n')
    checked = node_tools.run(built, "node", "scripts/check_docs.mjs")
    for path, text in originals.items():
        path.write_text(text)

    assert checked.returncode == 1
    assert "sleep has no description: add a /** comment */" in checked.stdout


def test_errors_parts_and_live_updates_hold_against_faulty_servers(built: Path) -> None:
    output = output_of(built, "npm", "run", "test:unit")

    assert passed_tests(output) >= 80


def test_client_reads_every_screen_through_a_running_gateway(
    built: Path, tokens: dict[str, str]
) -> None:
    output = output_of(built, "npm", "run", "test:integration", **tokens)

    assert passed_tests(output) >= 6


def test_the_commands_of_the_readme_read_every_screen(
    built: Path, demo: DemoStack, tmp_path: Path
) -> None:
    packed = output_of(built, "npm", "pack", "--pack-destination", str(tmp_path)).split()[-1]
    commands = commands_for_every_screen().replace("http://127.0.0.1:8080", demo.gateway)
    installed = commands.replace("npm install @huleedu/bff-client", f"npm install ../{packed}")
    assert PASSWORD in installed
    assert commands != installed
    (tmp_path / "screens").mkdir()

    output = output_of(tmp_path / "screens", "sh", "-ec", installed)

    for screen, text in SCREENS.items():
        assert re.search(rf"^{screen}: .*{re.escape(text)}", output, re.MULTILINE), screen + output


def commands_for_every_screen() -> str:
    """The README's shell block that runs the example."""
    blocks = re.findall(r"```sh\n(.*?)```", (SDK / "README.md").read_text(), re.DOTALL)
    [commands] = [block for block in blocks if "node every-screen.js" in block]
    return str(commands)


def passed_tests(output: str) -> int:
    """Number of passed tests in either report format of node's runner."""
    [count] = re.findall(r"^\W pass (\d+)$", output, re.MULTILINE)
    return int(count)
