"""Essay texts, composed of the assignment's sentences, with spelling mistakes."""

import re
from dataclasses import dataclass
from random import Random

from devstack.seed.assignments import LINKS, MISTAKES, Assignment


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
