"""The pages of error codes and parts, and the SDK's types, list the names of the services."""

import re

import pytest

from tools.error_codes import UndescribedNameError, all_codes, require_same
from tools.part_names import all_parts, optional_parts
from tools.public_names import CODES, PARTS, ROOT, TYPES, main, types_text, written

CLIENT_ERRORS = ROOT / "sdk" / "typescript" / "src" / "errors.ts"


def test_pages_and_types_match_the_services() -> None:
    assert main(["--check"]) == 0
    assert {path: path.read_text() for path in (CODES, PARTS, TYPES)} == written()


def test_drift_names_the_file_and_the_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tools.public_names.written", lambda: {CODES: "other"})

    assert main(["--check"]) == 1

    assert capsys.readouterr().out == (
        "docs/error-codes.md differs from the services; run `./dev generate`\n"
    )


def test_name_without_a_description_is_refused_and_so_is_the_reverse() -> None:
    with pytest.raises(UndescribedNameError, match="NEW is new; describe it in ACTIONS"):
        require_same("tools/error_codes.py", "ACTIONS", {}, {"NEW": 1})
    with pytest.raises(UndescribedNameError, match="there is no OLD; remove it from ACTIONS"):
        require_same("tools/error_codes.py", "ACTIONS", {"OLD": ""}, {})


def test_types_hold_every_code_and_part() -> None:
    text = types_text()

    names = {one.code for one in all_codes()} | set(all_parts())
    assert set(re.findall(r'^  \| "(\w+)";?$', text, re.MULTILINE)) == names


def test_every_optional_part_is_in_the_example_of_a_screen() -> None:
    assert optional_parts() <= set(all_parts())


def test_codes_of_the_gateway_and_of_parts_are_among_them() -> None:
    by_name = {one.code: one for one in all_codes()}

    assert by_name["IDENTITY_APPROVAL_PENDING"].services == {"gateway"}
    assert by_name["TOO_LARGE"].statuses == set()
    assert by_name["RATE_LIMIT"].statuses == {429}


def test_page_lists_the_codes_of_the_client() -> None:
    codes = set(re.findall(r'"(CLIENT_\w+)"', CLIENT_ERRORS.read_text()))

    assert codes == set(re.findall(r"^\| `(CLIENT_\w+)`", CODES.read_text(), re.MULTILINE))
