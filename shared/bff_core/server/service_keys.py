"""Authenticates the calling service by the internal key that the platform's services share."""

import hmac
from dataclasses import dataclass, field
from typing import ClassVar

from quart import request
from werkzeug.datastructures import Headers

from bff_core.context import ServiceId
from bff_core.errors import CallerUnknown, InvalidRequest

KEY_HEADER = "X-Internal-API-Key"
SERVICE_HEADER = "X-Service-ID"


@dataclass(frozen=True, slots=True)
class ServiceKeys:
    """Admits the services of an allow-list that prove themselves with the internal key.

    Used by a `Guard`, or alone before a blueprint: `blueprint.before_request(keys.check)`.
    """

    REQUIRED: ClassVar[str] = "bff_core.service_keys_required"

    key: str = field(repr=False)
    allowed: frozenset[str]

    async def check(self) -> None:
        """Runs before a request; raises as `authenticate` does."""
        self.authenticate(request.headers)

    def authenticate(self, headers: Headers) -> ServiceId:
        """The service that the headers prove.

        Raises:
            InvalidRequest: One of the two headers is sent twice.
            CallerUnknown: One is missing, or the pair is not right; the error does not say which.
        """
        for name in (KEY_HEADER, SERVICE_HEADER):
            if len(headers.getlist(name)) > 1:
                raise InvalidRequest(f"The header {name} may be sent once only")
        key, service = headers.get(KEY_HEADER, ""), headers.get(SERVICE_HEADER, "")
        if not key or not service:
            raise CallerUnknown("missing_service_credentials")
        # Both are compared before either decides, so that the time taken reveals nothing.
        key_matches = hmac.compare_digest(key.encode(), self.key.encode())
        if not (service in self.allowed and key_matches):
            raise CallerUnknown("invalid_service_credentials")
        return ServiceId(service)
