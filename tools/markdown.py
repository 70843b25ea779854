"""Markdown for the checks: anchors of headings, tables, generated sections."""

import re
from collections.abc import Iterable, Sequence

_HEADING = re.compile(r"^#{1,6} (.+?)\s*$", re.MULTILINE)
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def anchors_in(page: str) -> frozenset[str]:
    """The anchors that GitHub makes of a page's headings."""
    return frozenset(anchor_of(one) for one in _HEADING.findall(_FENCE.sub("", page)))


def anchor_of(heading: str) -> str:
    words = re.sub(r"[^\w\- ]", "", heading.lower())
    return words.replace(" ", "-")


def code_blocks(page: str) -> list[tuple[str, str]]:
    """Language and text of each fenced block; the language of a plain one is empty."""
    return [(found[1], found[2]) for found in _BLOCK.finditer(page)]


def links_in(page: str) -> list[str]:
    """The targets of the inline links."""
    return _LINK.findall(_FENCE.sub("", page))


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    escaped = [[cell.replace("|", "\\|").replace("\n", " ") for cell in line] for line in lines]
    return "\n".join("| " + " | ".join(line) + " |" for line in escaped)


def generated(page: str, name: str) -> str:
    """The text between the marks of a generated section.

    Raises:
        ValueError: The page does not have the marks.
    """
    return page[_span(page, name)]


def with_generated(page: str, name: str, text: str) -> str:
    """The page with the section replaced."""
    place = _span(page, name)
    return f"{page[: place.start]}{text}{page[place.stop :]}"


def _span(page: str, name: str) -> slice:
    begin, end = f"<!-- generated: {name} -->\n", f"\n<!-- end: {name} -->"
    if begin not in page or end not in page:
        raise ValueError(f"the page has no marks for {name}")
    return slice(page.index(begin) + len(begin), page.index(end))
