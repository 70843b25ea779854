"""Rule of the accounts that exist for an admin."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from bff_core.errors import NotAuthorized
from services.identity_admin.models import ALL_ACCOUNTS, AccountScope


class NoOrganisation(NotAuthorized):
    message = "Your account belongs to no organisation, so there are no accounts to administer"

    def __init__(self) -> None:
        super().__init__(details={"reason": "no_organisation"})


@dataclass(frozen=True, slots=True)
class ScopePolicy:
    """`by_organisation` limits admins to their own, except those with the role `unlimited_role`."""

    by_organisation: bool
    unlimited_role: str | None = None

    def scope_of(self, org_id: str | None, roles: AbstractSet[str]) -> AccountScope:
        """Return the scope of an admin.

        Raises:
            NoOrganisation: The admin is limited, and belongs to no organisation.
        """
        if not self.by_organisation or self.unlimited_role in roles:
            return ALL_ACCOUNTS
        if org_id is None or not org_id.strip():
            raise NoOrganisation
        return AccountScope(org_id)
