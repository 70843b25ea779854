"""Credits are what the platform counts, and null while it does not tell."""

import pytest

from bff_core.errors import DownstreamTimeout
from services.bff_teacher.contracts.entitlements import Balance
from services.bff_teacher.dto.credits_v1 import TeacherCreditsV1
from services.bff_teacher.screens.credits import CreditsScreen
from tests.unit.bff_teacher.fakes import FakeCredits, a_context
from tests.unit.bff_teacher.screen_builders import names_of_parts, part_of


async def load(balances: FakeCredits, *disabled: str) -> TeacherCreditsV1:
    return await CreditsScreen(balances, frozenset(disabled)).load(a_context())


@pytest.mark.parametrize(("left", "level"), [(847, None), (1, None), (0, "none"), (-3, "none")])
async def test_a_level_is_told_only_when_nothing_is_left(left: int, level: str | None) -> None:
    answer = await load(FakeCredits(Balance(left, 12)))

    assert answer.credits is not None
    assert answer.credits.model_dump() == {
        "available": left,
        "unit": "credits",
        "source": "user",
        "org_available": 12,
        "level": level,
    }


async def test_unknown_credits_are_null_and_the_part_says_why() -> None:
    answer = await load(FakeCredits(down=DownstreamTimeout("entitlements")))

    assert answer.credits is None
    assert part_of(answer, "credits") == ("missing", "TIMEOUT")


async def test_credits_that_are_disabled_are_neither_read_nor_listed() -> None:
    answer = await load(FakeCredits(down=DownstreamTimeout("entitlements")), "credits")

    assert answer.credits is None
    assert "credits" not in names_of_parts(answer)
