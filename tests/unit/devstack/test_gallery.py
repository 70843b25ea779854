"""`docs/screens.md` shows every row of `web/screenshots.toml`, in small pictures."""

from pathlib import Path

import pytest

from devstack.screens.gallery import FOLDER, MAX_BYTES, PAGE, ROWS, Screen, page_of, read_screens

ROOT = Path(__file__).resolve().parents[3]
OVERVIEW = Screen("overview", "Overview", "/app", "h1", "anna", narrow=True, dark=True)


def test_page_and_pictures_are_those_of_the_rows() -> None:
    screens = read_screens(ROOT)
    pictures = {path.name: path.stat().st_size for path in (ROOT / FOLDER).iterdir()}
    wanted = {screen.picture(variant) for screen in screens for variant in screen.variants()}

    assert (ROOT / PAGE).read_text("utf-8") == page_of(screens), "./dev screenshots writes it"
    assert set(pictures) == wanted, "./dev screenshots takes them; remove those without a row"
    assert {name: size for name, size in pictures.items() if size > MAX_BYTES} == {}


def test_row_has_a_picture_for_each_size_and_theme() -> None:
    assert [OVERVIEW.picture(variant) for variant in OVERVIEW.variants()] == [
        "overview.webp",
        "overview-narrow.webp",
        "overview-dark.webp",
    ]
    assert "![Overview, on a phone](screens/overview-narrow.webp)" in page_of([OVERVIEW])


def test_row_with_a_misspelled_field_is_refused(tmp_path: Path) -> None:
    (tmp_path / ROWS).parent.mkdir()
    (tmp_path / ROWS).write_text('[[screen]]\nname = "a"\ntitel = "b"\n')

    with pytest.raises(TypeError, match="titel"):
        read_screens(tmp_path)
