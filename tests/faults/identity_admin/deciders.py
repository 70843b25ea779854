"""Admins who decide, over an engine of their own."""

from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncEngine

from bff_core.clock import SystemClock
from services.identity_admin.domain_handlers.deciding import Decided, Deciding
from services.identity_admin.implementations.casebook import SqlCasebook
from services.identity_admin.implementations.event_rows import Mails
from services.identity_admin.standing import Action, Order
from tests.identity_databases import soon


def deciding_over(engine: AsyncEngine, mails: Mails | None = None) -> Deciding:
    return Deciding(SqlCasebook(engine, mails or Mails()), SystemClock())


async def decide(
    deciding: Deciding, user_id: UUID, action: Action, version: int, actor: UUID
) -> Decided:
    order = Order(user_id, action, version, actor, uuid4(), "seen the papers")
    return await deciding.carry_out(order, soon())
