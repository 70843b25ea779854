from bff_core.errors import DownstreamUnreachable
from services.bff_teacher.contracts.identity import IdentityProfile, ProfileName
from services.bff_teacher.screens.profile import ProfileScreen
from tests.unit.bff_teacher.fakes import FakeProfiles, a_context

ANNA_LINDQVIST = IdentityProfile(ProfileName("Anna", "Lindqvist"), locale="sv-SE")


async def test_names_come_from_identity() -> None:
    screen = ProfileScreen(FakeProfiles(ANNA_LINDQVIST), frozenset())

    answer = await screen.load(a_context())

    assert (answer.first_name, answer.last_name, answer.locale) == ("Anna", "Lindqvist", "sv-SE")
    assert (answer.roles, answer.org) == (["teacher"], "demo")


async def test_identity_down_leaves_the_token_s_word() -> None:
    screen = ProfileScreen(FakeProfiles(down=DownstreamUnreachable("identity")), frozenset())

    answer = await screen.load(a_context())

    assert (answer.user_id, answer.first_name) == ("anna-1", None)
    assert [(part.name, part.code) for part in answer.parts] == [("profile", "CONNECTION_ERROR")]


async def test_profile_disabled_is_not_listed() -> None:
    screen = ProfileScreen(FakeProfiles(ANNA_LINDQVIST), frozenset({"profile"}))

    answer = await screen.load(a_context())

    assert (answer.first_name, answer.parts) == (None, [])
