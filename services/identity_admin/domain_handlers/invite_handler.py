"""Invitations of teachers."""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

import structlog

from bff_core.clock import Clock
from bff_core.context import RequestContext
from bff_core.errors import PreconditionRequired
from services.identity_admin.approval import INVITED_VERSION
from services.identity_admin.dto.user_decision_v1 import InvitationRequestV1, InvitationV1
from services.identity_admin.models import Admin, ApprovalStatus, Invitation
from services.identity_admin.ports import Invitations

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class InvitationOutcome:
    """`replayed` when an earlier request with the same key made it and nothing was written."""

    invitation: InvitationV1
    replayed: bool


class InviteHandler:
    def __init__(self, invitations: Invitations, clock: Clock, lifetime: float) -> None:
        """`lifetime` in seconds: that of the mailed token."""
        self._invitations = invitations
        self._clock = clock
        self._lifetime = timedelta(seconds=lifetime)

    async def invite(
        self, ctx: RequestContext, admin: Admin, key: str | None, request: InvitationRequestV1
    ) -> InvitationOutcome:
        """Make an approved account in the admin's organisation, and ask for the mail to its person.

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
            fingerprint=_fingerprint(request),
            token=uuid4(),
            invited_at=invited_at,
            expires_at=invited_at + self._lifetime,
            correlation_id=UUID(ctx.correlation_id),
            service=ctx.service_id,
        )
        made, replayed = await self._invitations.create(invitation, ctx.deadline)
        log.info("account_invited", replayed=replayed)
        return InvitationOutcome(_to_dto(made), replayed)


def _fingerprint(request: InvitationRequestV1) -> str:
    return hashlib.sha256(request.model_dump_json().encode()).hexdigest()


def _to_dto(made: Invitation) -> InvitationV1:
    return InvitationV1(
        user_id=str(made.user_id),
        email=made.email,
        first_name=made.first_name,
        last_name=made.last_name,
        org_id=made.org_id,
        status=ApprovalStatus.APPROVED.value,
        version=INVITED_VERSION,
        invited_at=made.invited_at,
        expires_at=made.expires_at,
    )
