"""The list of pictures in `web/screenshots.toml`, and the page that shows them."""

import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROWS = Path("web") / "screenshots.toml"
PAGE = Path("docs") / "screens.md"
FOLDER = Path("docs") / "screens"
MAX_BYTES = 60 * 1024
"""Of one picture, so that the page loads at once and the repository stays small."""
_INTRO = """\
# Screens

The reference screens of teacher and admin on the demo data, in Swedish; [web/](../web/README.md) holds them. `./dev up` serves them on <http://127.0.0.1:8080/>.

`./dev screenshots` takes these pictures of the running devstack and writes this page from [web/screenshots.toml](../web/screenshots.toml).
"""


@dataclass(frozen=True, slots=True)
class Variant:
    """One picture of a screen: its size in CSS pixels and its theme."""

    suffix: str
    words: str
    width: int
    height: int
    dark: bool = False


WIDE = Variant("", "", 1440, 900)
NARROW = Variant("-narrow", ", on a phone", 390, 844)
DARK = Variant("-dark", ", in the dark theme", 1440, 900, dark=True)


@dataclass(frozen=True, slots=True)
class Screen:
    """A row; `visible` and `click` are Playwright selectors, `login` a demo login or None."""

    name: str
    title: str
    path: str
    visible: str
    login: str | None = None
    click: str | None = None
    narrow: bool = False
    dark: bool = False

    def variants(self) -> Iterator[Variant]:
        yield WIDE
        if self.narrow:
            yield NARROW
        if self.dark:
            yield DARK

    def picture(self, variant: Variant) -> str:
        """The name of the file."""
        return f"{self.name}{variant.suffix}.webp"


def read_screens(root: Path) -> list[Screen]:
    """The rows in their order.

    Raises:
        TypeError: A row has an unknown field, or lacks one.
    """
    rows = tomllib.loads((root / ROWS).read_text("utf-8"))["screen"]
    return [Screen(**row) for row in rows]


def page_of(screens: Iterable[Screen]) -> str:
    """The text of `docs/screens.md`."""
    return "\n".join([_INTRO, *(_section(screen) for screen in screens)])


def _section(screen: Screen) -> str:
    pictures = "\n\n".join(
        f"![{screen.title}{variant.words}](screens/{screen.picture(variant)})"
        for variant in screen.variants()
    )
    return f"## {screen.title}\n\n`{screen.path}`\n\n{pictures}\n"
