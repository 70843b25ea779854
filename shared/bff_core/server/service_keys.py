"""Which service is calling: the internal key that the platform's services share, and a name."""

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

    Stands in a Guard, or alone before a blueprint: `blueprint.before_request(keys.check)`.
    """

    ASKED: ClassVar[str] = "bff_core.service_keys"

    key: str = field(repr=False)
    allowed: frozenset[str]

    async def check(self) -> None:
        """Runs before a request; lets it pass or raises as `caller` does."""
        self.caller(request.headers)

    def caller(self, headers: Headers) -> ServiceId:
        """The service that the headers prove.

        Raises:
            InvalidRequest: One of the two headers is there twice.
            CallerUnknown: One is missing, or the pair is not right; never says which of the two.
        """
        for name in (KEY_HEADER, SERVICE_HEADER):
            if len(headers.getlist(name)) > 1:
                raise InvalidRequest(f"The header {name} may be sent once only")
        given, service = headers.get(KEY_HEADER, ""), headers.get(SERVICE_HEADER, "")
        if not given or not service:
            raise CallerUnknown("missing_service_credentials")
        # Both are looked at before either answer, so that the time taken tells nothing.
        key_fits = hmac.compare_digest(given.encode(), self.key.encode())
        if not (service in self.allowed and key_fits):
            raise CallerUnknown("invalid_service_credentials")
        return ServiceId(service)
