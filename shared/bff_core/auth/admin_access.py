"""Asks identity_admin whether the user of a token is an admin at the moment."""

import asyncio
import hashlib

import aiohttp
import structlog
from cachetools import TTLCache

from bff_core.client import http_session
from bff_core.clock import Clock
from bff_core.context import ServiceId
from bff_core.errors import NotAuthenticated, NotAuthorized, Unavailable

PATH = "/v1/admin/access"
_TIMEOUT_SECONDS = 1.0
_REMEMBERED_SECONDS = 2.0
_MAX_REMEMBERED = 1000

log = structlog.get_logger()


class HttpAdminAccess:
    """Remembers a yes for two seconds, so that a busy admin costs Identity one request in these."""

    def __init__(self, base_url: str, key: str, service_id: ServiceId, clock: Clock) -> None:
        self._url = base_url.rstrip("/") + PATH
        self._headers = {"X-Internal-API-Key": key, "X-Service-ID": service_id}
        self._admitted: TTLCache[bytes, bool] = TTLCache(
            _MAX_REMEMBERED, _REMEMBERED_SECONDS, timer=clock.monotonic
        )

    async def require_admin(self, authorization: str) -> None:
        digest = hashlib.sha256(authorization.encode()).digest()
        if digest in self._admitted:
            return
        match await self._status(authorization):
            # An Identity without the module denies nobody.
            case 200 | 404:
                self._admitted[digest] = True
            case 401:
                raise NotAuthenticated("token_revoked")
            case 403:
                raise NotAuthorized
            case status:
                log.warning("admin_access_unknown", status=status)
                raise Unavailable(retry_after=1)

    async def _status(self, authorization: str) -> int:
        headers = self._headers | {"Authorization": authorization}
        try:
            async with (
                asyncio.timeout(_TIMEOUT_SECONDS),
                http_session(connections=1) as session,
                session.get(self._url, headers=headers, allow_redirects=False) as response,
            ):
                return response.status
        except (aiohttp.ClientError, OSError) as error:
            log.warning("admin_access_unknown", kind=type(error).__name__)
            raise Unavailable(retry_after=1) from error
