"""Version and refusals of an account that is made by invitation."""

from bff_core.errors import Conflict
from services.identity_admin.models import FIRST_VERSION

INVITED_VERSION = FIRST_VERSION + 1
"""Registered and approved at once."""


class AddressTaken(Conflict):
    """Says nothing of the account, which may be of another organisation."""

    message = "There is an account with this address already"

    def __init__(self) -> None:
        super().__init__(details={"reason": "address_taken"})


class KeyReused(Conflict):
    message = "This Idempotency-Key belongs to another request"

    def __init__(self) -> None:
        super().__init__(details={"reason": "idempotency_key_reused"})
