"""Files of a built front end: the ones that are served, and their caching."""

import os
from pathlib import Path

import pytest

from bff_core import front_end
from bff_core.front_end import read_static_files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    built = tmp_path / "dist"
    (built / "assets").mkdir(parents=True)
    (built / "index.html").write_text("<!doctype html><title>Skolan</title>")
    return built


def served(folder: Path) -> set[str]:
    return set(read_static_files(folder).files)


def test_every_file_of_the_build_is_served(folder: Path) -> None:
    (folder / "assets" / "index-B3xk9_Qa.js").write_text("1")
    (folder / "favicon.ico").write_bytes(b"\0")

    assert served(folder) == {"index.html", "assets/index-B3xk9_Qa.js", "favicon.ico"}


@pytest.mark.parametrize("name", [".env", ".git/config", "assets/.hidden/x.js", "assets/.npmrc"])
def test_dotfiles_are_not_there(folder: Path, name: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("secret")

    assert served(folder) == {"index.html"}


def test_links_out_of_the_folder_lead_nowhere(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_text("secret")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "more.json").write_text("secret")
    (folder / "keys.json").symlink_to(tmp_path / "keys.json")
    (folder / "relative.json").symlink_to("../keys.json")
    (folder / "elsewhere").symlink_to(tmp_path / "elsewhere")
    (folder / "assets" / "gone.js").symlink_to("nowhere.js")

    assert served(folder) == {"index.html"}


def test_link_to_a_dotfile_inside_is_not_served(folder: Path) -> None:
    (folder / ".env").write_text("secret")
    (folder / "settings.txt").symlink_to(".env")

    assert served(folder) == {"index.html"}


def test_pipes_are_not_read(folder: Path) -> None:
    os.mkfifo(folder / "pipe.txt")

    assert served(folder) == {"index.html"}


def test_folder_may_itself_be_behind_a_link(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "current").symlink_to(folder)

    assert served(tmp_path / "current") == {"index.html"}


@pytest.mark.parametrize(
    ("name", "forever"),
    [
        ("assets/index-B3xk9_Qa.js", True),
        ("assets/index-B3xk9_Qa.js.map", True),
        ("assets/main.8e0d62a03b5c.css", True),
        ("assets/font-BgYkQ1-x.woff2", True),
        ("assets/logo.svg", False),
        ("assets/date-selector.js", False),
        ("assets/date-SELECTOR.js", False),
        ("index-B3xk9_Qa.js", False),
        ("index.html", False),
    ],
)
def test_only_an_asset_with_its_hash_in_its_name_is_kept_forever(
    folder: Path, name: str, *, forever: bool
) -> None:
    (folder / name).write_text("x")

    assert read_static_files(folder).files[name].immutable is forever


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("a.js", "text/javascript; charset=utf-8"),
        ("a.MJS", "text/javascript; charset=utf-8"),
        ("a.css", "text/css; charset=utf-8"),
        ("a.svg", "image/svg+xml"),
        ("a.woff2", "font/woff2"),
        ("a.wasm", "application/wasm"),
        ("a.webmanifest", "application/manifest+json"),
        ("a.exe", "application/octet-stream"),
        ("LICENSE", "application/octet-stream"),
    ],
)
def test_content_type_comes_from_our_own_table(folder: Path, name: str, content_type: str) -> None:
    (folder / name).write_text("x")

    assert read_static_files(folder).files[name].content_type == content_type


def test_tag_changes_with_the_content(folder: Path) -> None:
    before = read_static_files(folder).files["index.html"].etag

    (folder / "index.html").write_text("<!doctype html><title>Ny</title>")

    assert read_static_files(folder).files["index.html"].etag != before


def test_folder_without_an_index_says_so(tmp_path: Path) -> None:
    assert read_static_files(tmp_path).checks == {
        "static_dir_exists": True,
        "index_exists": False,
        "assets_dir_exists": False,
    }


def test_folder_that_is_too_big_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front_end, "MAX_BYTES", 10)

    with pytest.raises(OSError, match="more than"):
        read_static_files(folder)


def test_folder_of_too_many_files_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front_end, "MAX_FILES", 1)
    (folder / "second.txt").write_text("x")

    with pytest.raises(OSError, match="more than"):
        read_static_files(folder)
