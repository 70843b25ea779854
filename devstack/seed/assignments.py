"""The six writing assignments of the demo classes, and essays composed of their sentences."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from random import Random

_DATA = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
# By language: sentences that join others, and pairs of a right spelling and a common mistake.
LINKS: dict[str, list[str]] = {name: one["links"] for name, one in _DATA["languages"].items()}
MISTAKES: dict[str, list[list[str]]] = {
    name: one["mistakes"] for name, one in _DATA["languages"].items()
}


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


BY_COURSE = {course: Assignment(**given) for course, given in _DATA["assignments"].items()}


@dataclass(frozen=True, slots=True)
class EssayText:
    """`corrections` is the number of mistakes that the corrected text mends."""

    original: str
    corrected: str
    corrections: int


def compose(assignment: Assignment, author: str, seed: str) -> EssayText:
    random = Random(seed)
    claims = random.sample(assignment.claims, random.randint(4, 6))
    examples = random.sample(assignment.examples, len(assignment.examples))
    links = random.sample(LINKS[assignment.language], 6)
    middle = [
        f"{claim} {link} {example}"
        for claim, link, example in zip(claims, links, (*examples, examples[0]), strict=False)
    ]
    opening = f"{random.choice(assignment.openings)} {random.choice(links)}"
    paragraphs = "\n\n".join([opening, *middle, random.choice(assignment.endings)])
    corrected = f"{author}\n{assignment.title}\n\n{paragraphs}\n"
    pairs = MISTAKES[assignment.language]
    present = [pair for pair in pairs if re.search(rf"\b{pair[0]}\b", corrected)]
    chosen = random.sample(present, random.randint(0, len(present)))
    original = corrected
    for right, wrong in chosen:
        original = re.sub(rf"\b{right}\b", wrong, original, count=1)
    return EssayText(original, corrected, len(chosen))
