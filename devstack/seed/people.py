"""Who can log in to the demo, and who waits to be let in."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from devstack.seed.dates import BASE_DATE
from devstack.seed.ids import fixed_id

PASSWORD = "Demo-Pass-2026!"
ORG_ID = "org-demo-gymnasiet"
OTHER_ORG_ID = "org-norra-skolan"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
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


def _approved(first_name: str, last_name: str, local_part: str, role: str) -> Person:
    email = f"{local_part}@demo.huleedu.se"
    return Person(
        user_id=fixed_id(f"person/{email}"),
        email=email,
        first_name=first_name,
        last_name=last_name,
        roles=(role,),
        org_id=ORG_ID,
        status="approved",
        email_verified=True,
        registered_at=BASE_DATE - timedelta(days=90),
    )


def _pending(
    first_name: str, last_name: str, local_part: str, *, hours: int, org: str | None, verified: bool
) -> Person:
    email = f"{local_part}@demo.huleedu.se"
    return Person(
        user_id=fixed_id(f"person/{email}"),
        email=email,
        first_name=first_name,
        last_name=last_name,
        roles=("teacher",),
        org_id=org,
        status="pending",
        email_verified=verified,
        registered_at=BASE_DATE - timedelta(hours=hours),
    )


ANNA = _approved("Anna", "Lindqvist", "anna.lindqvist", "teacher")
ERIK = _approved("Erik", "Holm", "erik.holm", "teacher")
SARA = _approved("Sara", "Nyberg", "sara.nyberg", "teacher")
ADMIN = _approved("Karin", "Ekström", "admin", "admin")

TEACHERS = (ANNA, ERIK, SARA)
PENDING = (
    _pending("Johan", "Sjöberg", "johan.sjoberg", hours=3, org=ORG_ID, verified=True),
    _pending("Lina", "Åkesson", "lina.akesson", hours=26, org=ORG_ID, verified=True),
    _pending("Omar", "Haddad", "omar.haddad", hours=75, org=OTHER_ORG_ID, verified=True),
    _pending("Greta", "Öhman", "greta.ohman", hours=190, org=None, verified=False),
)
PEOPLE = (*TEACHERS, ADMIN, *PENDING)
