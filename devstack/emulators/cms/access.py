"""What CMS's public routes ask of a caller: a non-empty user id, believed as it is."""

from quart import request
from quart.typing import ResponseReturnValue

from devstack.emulators.replies import plain

OPEN_ENDPOINTS = frozenset({"classes.roster"})


async def require_user() -> ResponseReturnValue | None:
    if request.endpoint in OPEN_ENDPOINTS or request.headers.get("X-User-ID"):
        return None
    return plain("User authentication required", 401)
