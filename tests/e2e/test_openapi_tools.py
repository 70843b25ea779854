"""The gateway's OpenAPI document in the hands of the tools that front-end teams use."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.node_tools import output_of

ROOT = Path(__file__).resolve().parents[2]
TOOLS = Path(__file__).parent / "openapi_tools"
VALIDATE = """
import SwaggerParser from "@apidevtools/swagger-parser";
console.log(Object.keys((await SwaggerParser.validate("gateway.json")).paths).length, "paths");
"""
TYPESCRIPT = (
    "tsc --noEmit --strict --skipLibCheck --target ES2022 --module ESNext"
    " --moduleResolution bundler --lib ES2022,DOM,DOM.Iterable"
)

pytestmark = pytest.mark.node

Run = Callable[[str], str]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Runs one of the locked tools in a folder that holds the document."""
    folder = tmp_path_factory.mktemp("openapi") / "tools"
    shutil.copytree(TOOLS, folder)
    shutil.copy(ROOT / "openapi" / "gateway.json", folder)
    (folder / "validate.mjs").write_text(VALIDATE)
    output_of(folder, "npm", "ci", "--prefer-offline")

    def tool(command: str) -> str:
        return output_of(folder, "npx", "--no-install", *command.split())

    return tool


def test_redocly_finds_no_error(run: Run) -> None:
    assert "valid" in run("redocly lint gateway.json")


def test_swagger_parser_accepts_the_document(run: Run) -> None:
    assert re.search(r"\d\d paths", run("node validate.mjs"))


@pytest.mark.parametrize(
    ("generate", "target"),
    [
        ("openapi-ts -i gateway.json -o hey", "hey/sdk.gen.ts"),
        ("orval --input gateway.json --output orval.ts --client fetch", "orval.ts"),
    ],
)
def test_generator_makes_a_client_that_compiles(run: Run, generate: str, target: str) -> None:
    run(generate)
    run(f"{TYPESCRIPT} {target}")
    text = run(f"cat {target}")

    for name in ("getDashboard", "confirmAssociations", "putSettings", "login"):
        assert re.search(rf"export const {name} = ", text)
