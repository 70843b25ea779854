"""Decisions and invitations without HTTP."""

from datetime import timedelta
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncEngine

from bff_core.clock import SystemClock
from services.identity_admin.domain_handlers.decide_handler import DecideHandler, DecisionOutcome
from services.identity_admin.implementations.approval_repository import SqlApprovalRepository
from services.identity_admin.implementations.outbox_events import EmailTemplates
from services.identity_admin.models import DecisionAction, DecisionCommand, Invitation
from tests.identity_databases import deadline_in


def decide_handler_for(
    engine: AsyncEngine, templates: EmailTemplates | None = None
) -> DecideHandler:
    return DecideHandler(
        SqlApprovalRepository(engine, templates or EmailTemplates(), "admin"), SystemClock()
    )


async def decide(
    handler: DecideHandler, user_id: UUID, action: DecisionAction, version: int, actor: UUID
) -> DecisionOutcome:
    command = DecisionCommand(user_id, action, version, actor, uuid4(), "seen the papers")
    return await handler.execute(command, deadline_in())


def invitation_of(user_id: UUID, actor: UUID, key: str = "key-1") -> Invitation:
    """Invitation that names its account and its address by `user_id`."""
    now = SystemClock().now()
    return Invitation(
        user_id=user_id,
        email=f"{user_id.hex}@demo.example",
        first_name="Maja",
        last_name="Ek",
        org_id="org-norra",
        note=None,
        actor=actor,
        key=f"{key}-{user_id}",
        fingerprint="f" * 64,
        token=uuid4(),
        invited_at=now,
        expires_at=now + timedelta(days=7),
        correlation_id=uuid4(),
    )
