"""Decisions that had been made before say so in a header."""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

from quart import Response, after_this_request
from werkzeug.wrappers import Response as WerkzeugResponse

from services.identity_admin.domain_handlers.deciding import Decided
from services.identity_admin.dto.user_decision_v1 import UserDecisionV1

Answer = Response | WerkzeugResponse


def marks_replays(
    view: Callable[..., Awaitable[Decided]],
) -> Callable[..., Awaitable[UserDecisionV1]]:
    @wraps(view)
    async def marked(*args: Any, **kwargs: Any) -> UserDecisionV1:
        decided = await view(*args, **kwargs)
        if decided.replayed:
            after_this_request(_say_so)
        return decided.body

    return marked


async def _say_so(response: Answer) -> Answer:
    response.headers["Idempotent-Replay"] = "true"
    return response
