"""Switches of operators: maintenance."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Maintenance:
    """The maintenance settings; `banner` is the text for users by language, such as `sv`.

    `read_only` is None before the settings were first read. `show_banner` shows the text while
    writes are allowed, too.
    """

    read_only: bool | None = None
    banner: Mapping[str, str] = field(default_factory=dict)
    show_banner: bool = False

    @property
    def texts(self) -> dict[str, str]:
        """The texts of the banner that say something."""
        return {language: text for language, text in self.banner.items() if text.strip()}


class Switches(Protocol):
    """Settings that operators change while a service runs; reading them neither waits nor fails."""

    @property
    def maintenance(self) -> Maintenance:
        """The last settings that were read; nothing is restricted before the first read."""
        ...
