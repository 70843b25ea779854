"""The languages in which we write to teachers."""

from enum import StrEnum


class LanguageV1(StrEnum):
    """The first one is for everybody who asks for neither."""

    ENGLISH = "en"
    SWEDISH = "sv"
