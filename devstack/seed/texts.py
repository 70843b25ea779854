"""Essay texts: composed from the assignment's sentences, with the slips a pupil would make."""

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
# What is right, and how it is often written.
_SLIPS = {
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
    """`corrections` is how many slips the corrected text mends."""

    original: str
    corrected: str
    corrections: int


def compose(assignment: Assignment, author: str, seed: str) -> EssayText:
    random = Random(seed)
    corrected = _clean_text(assignment, author, random)
    original, corrections = _with_slips(corrected, assignment.language, random)
    return EssayText(original, corrected, corrections)


def _clean_text(assignment: Assignment, author: str, random: Random) -> str:
    claims = random.sample(assignment.claims, random.randint(4, 6))
    examples = random.sample(assignment.examples, len(assignment.examples))
    links = random.sample(_LINKS[assignment.language], 6)
    middle = [
        f"{claim} {link} {example}"
        for claim, link, example in zip(claims, links, (*examples, examples[0]), strict=False)
    ]
    paragraphs = [
        f"{random.choice(assignment.openings)} {random.choice(links)}",
        *middle,
        random.choice(assignment.endings),
    ]
    return f"{author}\n{assignment.title}\n\n" + "\n\n".join(paragraphs) + "\n"


def _with_slips(text: str, language: str, random: Random) -> tuple[str, int]:
    present = [slip for slip in _SLIPS[language] if re.search(_whole_word(slip[0]), text)]
    chosen = random.sample(present, random.randint(0, len(present)))
    for right, wrong in chosen:
        text = re.sub(_whole_word(right), wrong, text, count=1)
    return text, len(chosen)


def _whole_word(word: str) -> str:
    return rf"\b{word}\b"
