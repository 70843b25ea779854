"""The six writing assignments of the demo classes, and the sentences of their essays."""

import tomllib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Assignment:
    """`claims` and `examples` are whole sentences; an essay takes some of each."""

    key: str
    language: str
    title: str
    prompt: str
    openings: list[str]
    claims: list[str]
    examples: list[str]
    endings: list[str]


_DATA = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
BY_COURSE = {course: Assignment(**given) for course, given in _DATA["assignments"].items()}
# By language: sentences that join others, and pairs of a right spelling and a common mistake.
LINKS: dict[str, list[str]] = {name: one["links"] for name, one in _DATA["languages"].items()}
MISTAKES: dict[str, list[list[str]]] = {
    name: one["mistakes"] for name, one in _DATA["languages"].items()
}
