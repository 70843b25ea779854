"""The signed-in user: the token's claims, with names from Identity."""

from dataclasses import dataclass

from bff_core.composition import Part
from bff_core.context import RequestContext
from services.bff_teacher.contracts.identity import IdentityProfile, ProfileName
from services.bff_teacher.dto.profile_v1 import MaintenanceV1, TeacherProfileV1
from services.bff_teacher.ports import UserProfiles
from services.bff_teacher.ports.maintenance import Maintenance, Switches
from services.bff_teacher.screens.parts import (
    DisabledParts,
    describe_parts,
    optional_unless_disabled,
    value_of,
)

_EMPTY_PROFILE = IdentityProfile(ProfileName())


@dataclass(frozen=True, slots=True)
class ProfileScreen:
    """Optional: `profile`. The rest comes from the token and from the operators' switches."""

    profiles: UserProfiles
    switches: Switches
    disabled: DisabledParts

    async def load(self, ctx: RequestContext) -> TeacherProfileV1:
        profile = await optional_unless_disabled(
            self.disabled, "profile", lambda: self.profiles.get(ctx)
        )
        return render(ctx, profile, self.switches.maintenance)


def render(
    ctx: RequestContext, profile: Part[IdentityProfile | None] | None, maintenance: Maintenance
) -> TeacherProfileV1:
    person = value_of(profile) or _EMPTY_PROFILE
    return TeacherProfileV1(
        user_id=ctx.user_id,
        roles=sorted(ctx.roles),
        org=ctx.org_id,
        first_name=person.person_name.first_name,
        last_name=person.person_name.last_name,
        display_name=person.display_name,
        locale=person.locale,
        maintenance=_maintenance(maintenance),
        parts=describe_parts({"profile": profile}),
    )


def _maintenance(settings: Maintenance) -> MaintenanceV1 | None:
    if settings.read_only is None:
        return None
    return MaintenanceV1(
        read_only=settings.read_only, show_banner=settings.show_banner, banner=settings.texts
    )
