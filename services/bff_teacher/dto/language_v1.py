"""Languages of texts for teachers."""

from enum import StrEnum


class LanguageV1(StrEnum):
    """The first one is the default."""

    ENGLISH = "en"
    SWEDISH = "sv"
