"""Invitations of teachers."""

import hashlib
from dataclasses import asdict
from datetime import timedelta
from uuid import UUID, uuid4

import structlog

from bff_core.clock import Clock
from bff_core.context import RequestContext
from bff_core.errors import PreconditionRequired
from services.identity_admin.dto.user_decision_v1 import InvitationRequestV1, InvitationV1
from services.identity_admin.models import INVITED_VERSION, Admin, ApprovalStatus, Invitation
from services.identity_admin.ports import Invitations

log = structlog.get_logger()


class InviteHandler:
    def __init__(self, invitations: Invitations, clock: Clock, lifetime: float) -> None:
        """`lifetime` in seconds: that of the mailed token."""
        self._invitations = invitations
        self._clock = clock
        self._lifetime = timedelta(seconds=lifetime)

    async def invite(
        self, ctx: RequestContext, admin: Admin, key: str | None, request: InvitationRequestV1
    ) -> tuple[InvitationV1, bool]:
        """Make an approved account in the admin's organisation, and ask for the mail to its person.

        The second value is True when an earlier request with the same key made it.

        Raises:
            PreconditionRequired: The request does not name its submission.
            KeyReused, AddressTaken, Unavailable: As `Invitations.create` does.
        """
        if key is None:
            raise PreconditionRequired("Name the submission with Idempotency-Key")
        invited_at = self._clock.now()
        invitation = Invitation(
            user_id=uuid4(),
            email=request.email.lower(),
            first_name=request.first_name,
            last_name=request.last_name,
            org_id=admin.org_id,
            note=request.note,
            actor=admin.user_id,
            key=key,
            fingerprint=hashlib.sha256(request.model_dump_json().encode()).hexdigest(),
            token=uuid4(),
            invited_at=invited_at,
            expires_at=invited_at + self._lifetime,
            correlation_id=UUID(ctx.correlation_id),
            service=ctx.service_id,
        )
        made, replayed = await self._invitations.create(invitation, ctx.deadline)
        log.info("account_invited", replayed=replayed)
        approved = {"status": ApprovalStatus.APPROVED, "version": INVITED_VERSION}
        return InvitationV1.model_validate(asdict(made) | approved), replayed
