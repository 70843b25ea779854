import ast
from pathlib import Path

import pytest

from tools.check_sizes import (
    MAX_KERNEL_FILES,
    MAX_KERNEL_LINES,
    findings_in,
    findings_in_kernel,
    main,
)
from tools.size_report import called_once, report

FILE = Path("some/module.py")


def messages(source: str) -> list[str]:
    return [str(finding) for finding in findings_in(FILE, source)]


def function_of(lines: int) -> str:
    return "\n" + "\n".join(["def long():", *["    pass"] * (lines - 1)])


def nested(opening: str, depth: int) -> str:
    blocks = [f"{'    ' * level}{opening}" for level in range(depth)]
    return "\n".join([*blocks, "    " * depth + "pass"])


def test_function_of_the_limit_passes_and_one_line_more_is_found_with_its_line() -> None:
    assert messages(function_of(40)) == []
    assert messages(function_of(41)) == ["some/module.py:2: function long has 41 lines, limit 40"]


def test_method_and_async_function_are_measured_too() -> None:
    body = "\n".join(["    pass"] * 45)

    assert len(messages(f"async def long():\n{body}")) == 1
    assert len(messages(f"class C:\n  def long(self):\n{body}")) == 1


def test_module_of_the_limit_passes_and_one_line_more_is_found() -> None:
    assert messages("x = 1\n" * 300) == []
    assert messages("x = 1\n" * 301) == ["some/module.py:1: module has 301 lines, limit 300"]


def test_a_kernel_of_the_limits_passes_and_one_more_is_found(tmp_path: Path) -> None:
    for number in range(MAX_KERNEL_FILES):
        (tmp_path / f"part_{number}.py").write_text("")
    (tmp_path / "part_0.py").write_text("x = 1\n" * MAX_KERNEL_LINES)
    assert list(findings_in_kernel(tmp_path)) == []

    (tmp_path / "one_more.py").write_text("x = 1\n")

    assert [one.message for one in findings_in_kernel(tmp_path)] == [
        f"the kernel has {MAX_KERNEL_FILES + 1} files, limit {MAX_KERNEL_FILES}",
        f"the kernel has {MAX_KERNEL_LINES + 1} lines, limit {MAX_KERNEL_LINES}",
    ]


@pytest.mark.parametrize("opening", ["if x:", "for x in y:", "while x:", "with x:"])
def test_three_blocks_pass_and_the_fourth_is_found_with_its_line(opening: str) -> None:
    assert messages(nested(opening, 3)) == []
    assert messages(nested(opening, 4)) == ["some/module.py:4: block is nested 4 deep, limit 3"]


def test_elif_is_no_level_of_its_own() -> None:
    branches = "\n".join(f"elif x == {number}:\n    pass" for number in range(6))

    assert messages(f"if x:\n    pass\n{branches}") == []


def test_else_with_an_if_among_others_is_a_level() -> None:
    source = (
        nested("if x:", 3)
        + "\n        else:\n            a = 1\n            if y:\n                pass"
    )

    assert messages(source) == ["some/module.py:7: block is nested 4 deep, limit 3"]


def test_handler_finally_and_match_case_are_looked_into() -> None:
    deep = "        if a:\n            if b:\n                pass"

    assert len(messages(f"try:\n    pass\nexcept E:\n    with x:\n{deep}")) == 1
    assert len(messages(f"try:\n    pass\nfinally:\n    with x:\n{deep}")) == 1
    assert len(messages(f"match x:\n  case 1:\n    with x:\n{deep}")) == 1


def test_function_inside_starts_at_zero() -> None:
    source = "if a:\n  if b:\n    if c:\n      def inner():\n        if d:\n          pass"

    assert messages(source) == []


def test_command_fails_with_findings_and_passes_without(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    big = tmp_path / "big.py"
    big.write_text(function_of(50))
    (tmp_path / "small.py").write_text("x = 1\n")

    assert main([str(tmp_path / "small.py")]) == 0
    assert main([str(tmp_path)]) == 1
    assert f"{big}:2: function long" in capsys.readouterr().out


def test_migrations_are_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "migrations"
    folder.mkdir()
    (folder / "0001.py").write_text(function_of(99))

    assert main([str(tmp_path)]) == 0


def test_report_counts_files_lines_functions_and_helpers_called_once(tmp_path: Path) -> None:
    package = tmp_path / "services" / "example"
    package.mkdir(parents=True)
    (package / "module.py").write_text("def _f():\n    pass\n\n\ndef g():\n    return _f()\n")

    (row,) = [line for line in report(tmp_path).splitlines() if "services/example" in line]

    assert row == "| services/example | 1 | 6 | 2 | 2 | 2 | 2 | 1 |"


def test_helper_that_is_called_twice_or_public_or_special_is_not_counted() -> None:
    source = "def _a(): _b(), _b()\ndef _b(): c()\ndef c(): _a()\ndef __d__(): ...\n__d__()"

    assert called_once([ast.parse(source)]) == ["_a"]
