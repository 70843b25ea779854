"""Links between pages resolve."""

import re
from pathlib import Path

import pytest

from tools.markdown import anchors_in

ROOT = Path(__file__).parents[3]
PAGES = sorted((*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")))
_LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]*))?\)")


def dead_links(page: Path) -> list[str]:
    dead = []
    for file, anchor in _LINK.findall(page.read_text()):
        target = (page.parent / file).resolve() if file else page
        there = target.exists()
        if not there or (anchor and anchor not in anchors_in(target.read_text())):
            dead.append(f"{file}#{anchor}")
    return dead


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_link_is_dead(page: Path) -> None:
    assert dead_links(page) == []
