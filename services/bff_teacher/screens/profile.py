"""Who is signed in, from the token, with the names that Identity has."""

from bff_core.composition import Part, optional
from bff_core.context import RequestContext
from services.bff_teacher.contracts.identity import PersonName, Profile
from services.bff_teacher.dto.profile_v1 import TeacherProfileV1
from services.bff_teacher.protocols import Profiles
from services.bff_teacher.screens.parts import listed, value_of

_NOBODY = Profile(PersonName())


class ProfileScreen:
    """Optional: `profile`. The token alone is enough for the rest."""

    def __init__(self, profiles: Profiles, disabled: frozenset[str]) -> None:
        self._profiles = profiles
        self._disabled = disabled

    async def load(self, ctx: RequestContext) -> TeacherProfileV1:
        off = "profile" in self._disabled
        return render(ctx, None if off else await optional(self._profiles.mine(ctx)))


def render(ctx: RequestContext, profile: Part[Profile] | None) -> TeacherProfileV1:
    person = value_of(profile) or _NOBODY
    return TeacherProfileV1(
        user_id=ctx.user_id,
        roles=sorted(ctx.roles),
        org=ctx.org_id,
        first_name=person.person_name.first_name,
        last_name=person.person_name.last_name,
        display_name=person.display_name,
        locale=person.locale,
        parts=listed({"profile": profile}),
    )
