import sys

import pytest

from tools.check import CHECKS, Check, main, run_all


def python(name: str, code: str) -> Check:
    return Check(name, (sys.executable, "-S", "-c", code))


def test_failing_check_stops_no_other_and_shows_only_its_own_output(
    capsys: pytest.CaptureFixture[str],
) -> None:
    checks = [
        python("first", "print('x.py:3: wrong'); raise SystemExit(1)"),
        python("second", "print('hidden output')"),
    ]

    code = run_all(checks)

    output = capsys.readouterr().out
    assert code == 1
    assert "x.py:3: wrong" in output
    assert "second          ok" in output
    assert "hidden output" not in output
    assert output.endswith("failed: first\n")


def test_all_passing_is_zero(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_all([python("only", "")]) == 0
    assert capsys.readouterr().out.endswith("all checks passed\n")


def test_missing_tool_is_a_failure_and_no_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_all([Check("gone", ("./no-such-tool",))]) == 1
    assert "no-such-tool" in capsys.readouterr().out


def test_check_that_cannot_run_here_is_no_failure_and_says_why(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run_all([python("absent", "print('node is missing'); raise SystemExit(77)")]) == 0
    assert "absent          skipped: node is missing" in capsys.readouterr().out


def test_unknown_check_names_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nonsense"]) == 2
    assert "import rules" in capsys.readouterr().out


def test_an_unknown_check_beside_a_known_one_runs_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["shell: dev", "typs"]) == 2
    assert capsys.readouterr().out.endswith("did you mean types?\n")


def test_every_check_the_design_names_is_run() -> None:
    names = {check.name for check in CHECKS}

    assert {
        "Dockerfile",
        "compose",
        "foreign names",
        "format",
        "import rules",
        "lint",
        "metrics",
        "operations page",
        "prose",
        "sizes",
        "types",
        "web",
    } <= names
