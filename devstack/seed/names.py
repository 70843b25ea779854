"""Names of the pupils in the demo classes."""

from random import Random

FIRST = (
    "Maja", "Elis", "Åsa", "Örjan", "Vera", "Hugo", "Alva", "Nils", "Ebba", "Liam",
    "Signe", "Oskar", "Freja", "Amir", "Tuva", "Sixten", "Leila", "Ärla", "Viggo", "Saga",
    "Björn", "Moa", "Yusuf", "Klara", "Axel", "Ines", "Gustav", "Nour", "Selma", "Theo",
    "Märta", "Isak", "Zahra", "Loke", "Hedda", "Melvin",
)  # fmt: skip
LAST = (
    "Andersson", "Öberg", "Lindström", "al-Hassan", "Bergqvist", "Nguyen", "Åström", "Hedlund",
    "Sjögren", "Karlsson", "Ahmadi", "Nyström", "Söderberg", "Kovač", "Holmgren", "Ek",
    "Wallin", "Östlund", "Dahl", "Björklund", "Forsberg", "Ali", "Lundgren", "Hägg",
    "Persson", "Engström", "Norén", "Blomqvist", "Vikström", "Strand",
)  # fmt: skip


def pupil_names(random: Random, count: int) -> list[tuple[str, str]]:
    """`count` different (first, last) pairs."""
    pairs = [(first, last) for first in FIRST for last in LAST]
    return random.sample(pairs, count)
