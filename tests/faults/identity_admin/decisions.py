"""Decisions through the handler, without HTTP."""

from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncEngine

from bff_core.clock import SystemClock
from services.identity_admin.domain_handlers.decide_handler import DecideHandler, DecisionOutcome
from services.identity_admin.implementations.approval_repository import SqlApprovalRepository
from services.identity_admin.implementations.outbox_events import EmailTemplates
from services.identity_admin.models import DecisionAction, DecisionCommand
from tests.identity_databases import deadline_in


def decide_handler_for(
    engine: AsyncEngine, templates: EmailTemplates | None = None
) -> DecideHandler:
    return DecideHandler(
        SqlApprovalRepository(engine, templates or EmailTemplates()), SystemClock()
    )


async def decide(
    handler: DecideHandler, user_id: UUID, action: DecisionAction, version: int, actor: UUID
) -> DecisionOutcome:
    command = DecisionCommand(user_id, action, version, actor, uuid4(), "seen the papers")
    return await handler.execute(command, deadline_in())
