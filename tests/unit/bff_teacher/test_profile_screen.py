import pytest

from bff_core.errors import DownstreamUnreachable
from services.bff_teacher.contracts.identity import IdentityProfile, ProfileName
from services.bff_teacher.ports.maintenance import Maintenance
from tests.unit.bff_teacher.fakes import FakeProfiles, a_context
from tests.unit.bff_teacher.screen_builders import a_profile, names_of_parts, part_of

ANNA_LINDQVIST = IdentityProfile(ProfileName("Anna", "Lindqvist"), locale="sv-SE")


async def test_names_come_from_identity() -> None:
    screen = a_profile(profiles=FakeProfiles(ANNA_LINDQVIST))

    answer = await screen.load(a_context())

    assert (answer.first_name, answer.last_name, answer.locale) == ("Anna", "Lindqvist", "sv-SE")
    assert (answer.roles, answer.org) == (["teacher"], "demo")


async def test_identity_down_leaves_the_token_s_word() -> None:
    screen = a_profile(profiles=FakeProfiles(down=DownstreamUnreachable("identity")))

    answer = await screen.load(a_context())

    assert (answer.user_id, answer.first_name) == ("anna-1", None)
    assert part_of(answer, "profile") == ("missing", "CONNECTION_ERROR")


async def test_profile_disabled_is_not_listed() -> None:
    screen = a_profile(profiles=FakeProfiles(ANNA_LINDQVIST), disabled=frozenset({"profile"}))

    answer = await screen.load(a_context())

    assert answer.first_name is None
    assert "profile" not in names_of_parts(answer)


@pytest.mark.parametrize(
    ("settings", "shown"),
    [
        (Maintenance(), None),
        (Maintenance(read_only=False), {"read_only": False, "show_banner": False, "banner": {}}),
        (
            Maintenance(read_only=True, banner={"sv": "Strax", "en": "", "fi": " "}),
            {"read_only": True, "show_banner": False, "banner": {"sv": "Strax"}},
        ),
        (
            Maintenance(read_only=False, banner={"sv": "I kväll"}, show_banner=True),
            {"read_only": False, "show_banner": True, "banner": {"sv": "I kväll"}},
        ),
    ],
)
async def test_maintenance_is_told_as_far_as_it_was_read(
    settings: Maintenance, shown: dict[str, object] | None
) -> None:
    answer = await a_profile(maintenance=settings).load(a_context())

    assert answer.model_dump()["maintenance"] == shown
