"""The headers that decide whether a write is done, as a dependency."""

from dishka import Provider, Scope, provide
from quart import request

from bff_core.errors import InvalidRequest
from services.config_service.ports import Conditions

KEY = "Idempotency-Key"


class ConditionsProvider(Provider):
    @provide(scope=Scope.REQUEST)
    def conditions(self) -> Conditions:
        """As the request has them.

        Raises:
            InvalidRequest: There are two keys.
        """
        if len(request.headers.getlist(KEY)) > 1:
            raise InvalidRequest(f"The header {KEY} may be sent once only")
        return Conditions(
            if_match=", ".join(request.headers.getlist("If-Match")) or None,
            idempotency_key=request.headers.get(KEY),
        )
