from pathlib import Path

import pytest

from tools.check_web import CLIENT, SKIPPED, WEB, digest, main


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for folder in (WEB / "src", WEB / "node_modules", WEB / "dist", CLIENT):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "file.ts").write_text("one")
    return tmp_path


@pytest.mark.parametrize("folder", [WEB / "src", CLIENT])
def test_change_of_a_source_calls_for_another_run(tree: Path, folder: Path) -> None:
    before = digest(tree)

    (tree / folder / "file.ts").write_text("two")

    assert digest(tree) != before


@pytest.mark.parametrize("folder", ["node_modules", "dist"])
def test_installed_and_built_files_do_not(tree: Path, folder: str) -> None:
    before = digest(tree)

    (tree / WEB / folder / "file.ts").write_text("two")

    assert digest(tree) == before


def test_machine_without_node_is_told_in_a_word(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    assert main() == SKIPPED
    assert capsys.readouterr().out == "node and npm are missing: install nodejs and npm\n"
