"""Asks identity_admin whether the user of a token is an admin at the moment."""

import asyncio
import hashlib

import aiohttp
import structlog
from cachetools import TTLCache

from bff_core.client import ServiceIdentity, http_session
from bff_core.clock import Clock
from bff_core.context import ServiceId
from bff_core.errors import NotAuthenticated, NotAuthorized, Unavailable

PATH = "/v1/admin/access"
_TIMEOUT_SECONDS = 1.0
_REMEMBERED_SECONDS = 2.0
_MAX_REMEMBERED = 1000
_BODY_BYTES = 4096
_OUR_KEY = b"service_credentials"
"""Part of the reasons for which Identity refuses this service, whoever its user is."""

log = structlog.get_logger()


class AdminAccess:
    """Asks when marks are not heard; remembers a yes, and that Identity is silent, for two seconds."""

    def __init__(self, base_url: str, key: str, service_id: ServiceId, clock: Clock) -> None:
        self._url = base_url.rstrip("/") + PATH
        self._headers = ServiceIdentity(service_id, key).headers()
        self._clock = clock
        self._admitted: TTLCache[bytes, bool] = TTLCache(
            _MAX_REMEMBERED, _REMEMBERED_SECONDS, timer=clock.monotonic
        )
        self._silent_until = float("-inf")

    async def require_admin(self, authorization: str) -> None:
        """Return when the token's user is an admin at the moment.

        Raises:
            NotAuthenticated: The token is not valid any more.
            NotAuthorized: The user is no admin any more.
            Unavailable: The issuer does not say.
        """
        digest = hashlib.sha256(authorization.encode()).digest()
        if digest in self._admitted:
            return
        if self._clock.monotonic() < self._silent_until:
            raise Unavailable(retry_after=1)
        status, body = await self._ask(authorization)
        match status:
            # An Identity without the module denies nobody.
            case 200 | 404:
                self._admitted[digest] = True
            case 401 if _OUR_KEY not in body:
                raise NotAuthenticated("token_revoked")
            case 403:
                raise NotAuthorized
            case _:
                log.warning("admin_access_unknown", status=status)
                # Another refusal may be of this one's token: it silences nobody else's question.
                if status == 401 or status >= 500:
                    self._rest()
                raise Unavailable(retry_after=1)

    def _rest(self) -> None:
        self._silent_until = self._clock.monotonic() + _REMEMBERED_SECONDS

    async def _ask(self, authorization: str) -> tuple[int, bytes]:
        """The status, and the beginning of the body."""
        headers = self._headers | {"Authorization": authorization}
        try:
            async with (
                asyncio.timeout(_TIMEOUT_SECONDS),
                http_session(connections=1) as session,
                session.get(self._url, headers=headers, allow_redirects=False) as response,
            ):
                return response.status, await response.content.read(_BODY_BYTES)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            log.warning("admin_access_unknown", kind=type(error).__name__)
            self._rest()
            raise Unavailable(retry_after=1) from error
