"""A decision that had been made before says so in a header."""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

from quart import Response, after_this_request
from werkzeug.wrappers import Response as WerkzeugResponse

from services.bff_admin.dto.user_decisions_v1 import AdminUserDecisionV1
from services.bff_admin.ports import Decided
from services.bff_admin.screens.users import rendered

Made = Response | WerkzeugResponse


def marks_replays(
    view: Callable[..., Awaitable[Decided]],
) -> Callable[..., Awaitable[AdminUserDecisionV1]]:
    @wraps(view)
    async def marked(*args: Any, **kwargs: Any) -> AdminUserDecisionV1:
        decided = await view(*args, **kwargs)
        if decided.replayed:
            after_this_request(_say_so)
        return rendered(decided)

    return marked


async def _say_so(response: Made) -> Made:
    response.headers["Idempotent-Replay"] = "true"
    return response
