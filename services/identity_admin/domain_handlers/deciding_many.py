"""Deciding on many accounts: each for itself, and none stops another."""

from collections.abc import Mapping

from bff_core.context import RequestContext
from bff_core.errors import BffError, Conflict, NotFound, Unavailable
from services.identity_admin.domain_handlers.deciding import Decided, Deciding
from services.identity_admin.dto.user_decision_v1 import (
    DecisionItemV1,
    DecisionsRequestV1,
    DecisionsResultV1,
    ItemErrorV1,
    ItemResultV1,
    Outcome,
)
from services.identity_admin.standing import Action

_OUTCOMES: Mapping[type[BffError], Outcome] = {Conflict: "conflict", NotFound: "not_found"}


class DecidingMany:
    def __init__(self, deciding: Deciding) -> None:
        self._deciding = deciding

    async def decide(self, ctx: RequestContext, request: DecisionsRequestV1) -> DecisionsResultV1:
        """One after another, in the order given; what there was no time for has failed."""
        return DecisionsResultV1(results=[await self._one(ctx, item) for item in request.items])

    async def _one(self, ctx: RequestContext, item: DecisionItemV1) -> ItemResultV1:
        try:
            if ctx.deadline.passed:
                raise Unavailable(details={"reason": "out_of_time"}, retry_after=1)
            decided = await self._deciding.decide(
                ctx, item.user_id, Action(item.decision), item.expected_version, item.reason
            )
        except BffError as error:
            return _failed(item, error)
        return _decided(item, decided)


def _decided(item: DecisionItemV1, decided: Decided) -> ItemResultV1:
    return ItemResultV1(
        user_id=item.user_id,
        outcome="replayed" if decided.replayed else "decided",
        status=200,
        decision=decided.body,
        error=None,
    )


def _failed(item: DecisionItemV1, error: BffError) -> ItemResultV1:
    kinds = (outcome for kind, outcome in _OUTCOMES.items() if isinstance(error, kind))
    otherwise: Outcome = "failed" if error.status >= 500 else "refused"
    return ItemResultV1(
        user_id=item.user_id,
        outcome=next(kinds, otherwise),
        status=error.status,
        decision=None,
        error=ItemErrorV1(code=error.code, message=error.text, details=error.details),
    )
