from pathlib import Path

import pytest

from tools.check_prose import docstrings_in, main, question_word


def docstrings(good: int, bad: int) -> str:
    texts = ["Reads a page."] * good + ["What a page says."] * bad
    return "\n".join(f'def f{number}():\n    """{text}"""' for number, text in enumerate(texts))


@pytest.mark.parametrize(
    "docstring",
    [
        "What it does.",
        "Whether it does it.",
        "  how it does it",
        "\n    Whoever does it.",
        "`Which` of them does it.",
    ],
)
def test_question_words_at_the_start_are_found(docstring: str) -> None:
    assert question_word(docstring)


@pytest.mark.parametrize(
    "docstring", ["Reads what it gets.", "Whatever.", "", "2 of them.", "Howl at it."]
)
def test_other_openings_pass(docstring: str) -> None:
    assert question_word(docstring) is None


def test_docstrings_of_modules_classes_functions_and_attributes_are_read() -> None:
    source = (
        '"""M."""\nclass C:\n    """C."""\n    a = 1\n    """A."""\n    def f():\n        "F."\n'
    )

    assert sorted(text for _, text in docstrings_in(source)) == ["A.", "C.", "F.", "M."]


def test_share_of_the_limit_passes_and_more_is_refused_with_its_places(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "module.py"
    file.write_text(docstrings(good=98, bad=2))
    assert main([str(tmp_path)]) == 0

    file.write_text(docstrings(good=97, bad=3))
    assert main([str(tmp_path)]) == 1
    output = capsys.readouterr().out
    assert f"{file}:196: docstring opens with 'What'" in output
    assert "3 of 100 docstrings" in output


def test_no_docstrings_pass(tmp_path: Path) -> None:
    assert main([str(tmp_path)]) == 0
