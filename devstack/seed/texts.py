"""Essay texts, composed of the assignment's sentences, with spelling mistakes."""

import re
from dataclasses import dataclass
from random import Random

from devstack.seed.assignments import Assignment

_LINKS = {
    "en": (
        "I have thought a lot about this since then.",
        "Of course there is another side to it.",
        "That might sound exaggerated, but I definitely believe it is true.",
        "It is necessary to look a little closer.",
        "At the beginning I did not realise how much that meant.",
        "Because of this, something changed.",
        "There is a difference between knowing this and feeling it.",
        "Perhaps that is why I still remember it.",
    ),
    "sv": (
        "Jag har tänkt mycket på det sedan dess.",
        "Självklart finns det en annan sida av saken.",
        "Det kanske låter överdrivet, men jag tror definitivt att det är så.",
        "Man måste titta lite närmare för att förstå.",
        "I början insåg jag inte hur mycket det betydde.",
        "På grund av detta blev ingenting sig likt.",
        "Det är skillnad på att veta och att känna.",
        "Kanske är det därför jag fortfarande minns det.",
    ),
}
# The right spelling and a common mistake.
_MISTAKES = {
    "en": (
        ("believe", "belive"), ("definitely", "definately"), ("because", "becouse"),
        ("beginning", "begining"), ("necessary", "neccessary"), ("realise", "realice"),
        ("their", "there"), ("different", "diffrent"), ("although", "altough"),
        ("answers", "anwsers"), ("together", "togheter"), ("difference", "diffrence"),
        ("language", "langauge"), ("surprised", "suprised"), ("friend", "freind"),
        ("argument", "arguement"), ("something", "someting"), ("which", "wich"),
    ),
    "sv": (
        ("definitivt", "definitift"), ("självklart", "självklar"), ("ingenting", "ingen ting"),
        ("skillnad", "skilnad"), ("fortfarande", "fortfarnde"), ("kanske", "kansje"),
        ("förstå", "förså"), ("någonstans", "någonstanns"), ("plötsligt", "plötslig"),
        ("överdrivet", "överdrivit"), ("mycket", "mycke"), ("någon", "nån"),
        ("måste", "moste"), ("därför", "där för"), ("egentliga", "egentlia"),
        ("början", "börjann"), ("stund", "stunnd"), ("timmar", "tidmar"),
    ),
}  # fmt: skip


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
    links = random.sample(_LINKS[assignment.language], 6)
    middle = [
        f"{claim} {link} {example}"
        for claim, link, example in zip(claims, links, (*examples, examples[0]), strict=False)
    ]
    opening = f"{random.choice(assignment.openings)} {random.choice(links)}"
    paragraphs = "\n\n".join([opening, *middle, random.choice(assignment.endings)])
    corrected = f"{author}\n{assignment.title}\n\n{paragraphs}\n"
    pairs = _MISTAKES[assignment.language]
    present = [pair for pair in pairs if re.search(rf"\b{pair[0]}\b", corrected)]
    chosen = random.sample(present, random.randint(0, len(present)))
    original = corrected
    for right, wrong in chosen:
        original = re.sub(rf"\b{right}\b", wrong, original, count=1)
    return EssayText(original, corrected, len(chosen))
