"""The demo's accounts: teachers and admins of two schools, and four people who wait for approval."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from devstack.seed.identifiers import BASE_DATE, fixed_id

PASSWORD = "Demo-Pass-2026!"
UNLIMITED_ROLE = "superadmin"
"""Role of the admins who see the accounts of all schools."""
ORG_ID = "org-demo-gymnasiet"
OTHER_ORG_ID = "org-norra-skolan"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoUser:
    user_id: str
    email: str
    first_name: str
    last_name: str
    roles: tuple[str, ...]
    org_id: str | None
    status: Literal["approved", "pending"]
    email_verified: bool
    registered_at: datetime
    locale: str = "sv-SE"

    @property
    def legal_full_name(self) -> str:
        return f"{self.first_name} {self.last_name}"


def _person(
    first_name: str,
    last_name: str,
    local_part: str,
    *,
    hours: int = 90 * 24,
    roles: tuple[str, ...] = ("teacher",),
    status: Literal["approved", "pending"] = "approved",
    org_id: str | None = ORG_ID,
    verified: bool = True,
) -> DemoUser:
    """A person who registered so many hours before the base date."""
    email = f"{local_part}@demo.huleedu.se"
    return DemoUser(
        user_id=fixed_id(f"person/{email}"),
        email=email,
        first_name=first_name,
        last_name=last_name,
        roles=roles,
        org_id=org_id,
        status=status,
        email_verified=verified,
        registered_at=BASE_DATE - timedelta(hours=hours),
    )


ANNA = _person("Anna", "Lindqvist", "anna.lindqvist")
ERIK = _person("Erik", "Holm", "erik.holm")
SARA = _person("Sara", "Nyberg", "sara.nyberg")
ADMIN = _person("Karin", "Ekström", "admin", roles=("admin", UNLIMITED_ROLE))
SCHOOL_ADMIN = _person("Maria", "Dahl", "skoladmin", roles=("admin",), org_id=OTHER_ORG_ID)
# A colleague without classes, for the school's admin to see.
COLLEAGUE = _person("Nils", "Berg", "nils.berg", org_id=OTHER_ORG_ID)

TEACHERS = (ANNA, ERIK, SARA)
PENDING = (
    _person("Johan", "Sjöberg", "johan.sjoberg", hours=3, status="pending"),
    _person("Lina", "Åkesson", "lina.akesson", hours=26, status="pending"),
    _person("Omar", "Haddad", "omar.haddad", hours=75, status="pending", org_id=OTHER_ORG_ID),
    _person(
        "Greta", "Öhman", "greta.ohman", hours=190, status="pending", org_id=None, verified=False
    ),
)
# Balances by user id: plenty, too few for a class's comparisons, and all spent.
CREDITS = {ANNA.user_id: 1_250, ERIK.user_id: 45, SARA.user_id: 0}
PEOPLE = (*TEACHERS, ADMIN, SCHOOL_ADMIN, COLLEAGUE, *PENDING)
