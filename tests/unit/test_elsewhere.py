"""Which journeys may be run against a stack that somebody else has started."""

from dataclasses import dataclass

import pytest

from tests.elsewhere import why_not_elsewhere


@dataclass
class Journey:
    fixturenames: tuple[str, ...]
    marked: bool = False

    def get_closest_marker(self, name: str) -> object | None:
        return name if self.marked else None


@pytest.mark.parametrize(
    ("journey", "why"),
    [
        (Journey(("demo", "person")), None),
        (Journey(("tmp_path",)), "processes of its own"),
        (Journey(("demo", "emulators")), "behind the gateway"),
        (Journey(("demo",), marked=True), "behind the gateway"),
    ],
)
def test_journey_needs_a_stack_of_its_own_or_says_nothing(
    journey: Journey, why: str | None
) -> None:
    said = why_not_elsewhere(journey)  # type: ignore[arg-type]  # what it asks of an item

    assert said == why or (why is not None and why in (said or ""))
