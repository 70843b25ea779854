import shutil
from pathlib import Path

import pytest

from tools.check import CHECKS
from tools.typescript_drift import PACKAGE, ROOT, SNAPSHOTS, drifts_in, main

GENERATED = PACKAGE / "src" / "generated"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the snapshots and their types."""
    for folder in (SNAPSHOTS, GENERATED):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    return tmp_path


def rewrite(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_committed_types_match_the_snapshots(tree: Path) -> None:
    assert drifts_in(tree) == []
    assert main([str(tree)]) == 0


def test_changed_snapshot_names_the_command_to_run(
    tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rewrite(tree / SNAPSHOTS / "gateway.json", '"progress_percent"', '"progress"')

    assert main([str(tree)]) == 1

    assert capsys.readouterr().out == "".join(
        f"sdk/typescript/src/generated/{name}.ts: openapi/gateway.json has changed since; "
        "run `./dev generate` and commit it\n"
        for name in ("api", "schemas", "shapes")
    )


def test_service_without_types_has_no_drift(tree: Path) -> None:
    rewrite(tree / SNAPSHOTS / "config_service.json", "}", "} ")

    assert drifts_in(tree) == []


def test_hand_edited_types_are_found(tree: Path) -> None:
    rewrite(tree / GENERATED / "api.ts", "AdminUserV1", "AdminUserV2")

    assert [drift.reason for drift in drifts_in(tree)] == ["was changed by hand"]


def test_missing_types_and_types_without_their_source_are_found(tree: Path) -> None:
    types = tree / GENERATED / "api.ts"
    rewrite(types, "openapi/gateway.json", "openapi/bff_admin.json")
    other_source = drifts_in(tree)
    types.unlink()

    assert [drift.types.stem for drift in other_source] == ["api"]
    assert [drift.reason for drift in drifts_in(tree)] == ["is missing"]


def test_check_runs_it() -> None:
    assert any(check.command[-1] == "tools.typescript_drift" for check in CHECKS)
