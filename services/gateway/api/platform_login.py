"""Sign-in in the shape that the platform's front end reads: `?shape=platform`."""

from dishka import AsyncContainer
from pydantic import ValidationError

from bff_core.errors import DownstreamFailed, NotAuthenticated
from bff_core.server import Guard, parse_body
from services.gateway.dto.auth_v1 import LoginV1, TokensV1
from services.gateway.dto.session_v1 import PlatformLoginV1, PlatformUserV1
from services.gateway.implementations.forwarding import UpstreamResponse
from services.gateway.implementations.identity_sessions import IdentitySessions, Sender
from services.gateway.implementations.proxy import (
    MAX_BUFFERED_BYTES,
    BufferedResponse,
    ProxyRequest,
    buffered,
)
from services.gateway.route_table import UpstreamName


class PlatformLogin:
    """Adds `token` and `user` to Identity's answer."""

    def __init__(self, guard: Guard, container: AsyncContainer) -> None:
        self._guard = guard
        self._container = container

    async def reshape(
        self, request: ProxyRequest, body: bytes, response: UpstreamResponse
    ) -> BufferedResponse:
        """The answer with the person whom its token names; closes the response.

        Raises:
            DownstreamFailed: It holds no tokens, or one that is not valid here.
        """
        try:
            given = await response.read(limit=MAX_BUFFERED_BYTES, seconds=request.timeout)
        finally:
            response.close()
        try:
            tokens = TokensV1.model_validate_json(given)
            claims = await self._guard.verifier.authenticate(f"Bearer {tokens.access_token}")
        except (ValidationError, NotAuthenticated) as error:
            raise DownstreamFailed(UpstreamName.IDENTITY, reason="token") from error
        identity = await self._container.get(IdentitySessions)
        sender = Sender(request.client_address, request.correlation_id)
        user = PlatformUserV1(
            id=claims.user_id,
            email=parse_body(LoginV1, body).email,
            name=await identity.name_of(claims.user_id, sender),
            roles=sorted(claims.roles),
        )
        shaped = PlatformLoginV1(**tokens.model_dump(), token=tokens.access_token, user=user)
        return buffered(response.status, response.headers, shaped.model_dump_json().encode())
