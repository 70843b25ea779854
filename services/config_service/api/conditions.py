"""The conditional headers of a request, as a dependency."""

from dishka import Provider, Scope, provide
from quart import request

from bff_core.errors import InvalidRequest
from services.config_service.ports import WriteConditions

IDEMPOTENCY_KEY = "Idempotency-Key"


class ConditionsProvider(Provider):
    @provide(scope=Scope.REQUEST)
    def conditions(self) -> WriteConditions:
        """Read them from the current request.

        Raises:
            InvalidRequest: Idempotency-Key was sent twice.
        """
        if len(request.headers.getlist(IDEMPOTENCY_KEY)) > 1:
            raise InvalidRequest(f"The header {IDEMPOTENCY_KEY} may be sent once only")
        return WriteConditions(
            if_match=", ".join(request.headers.getlist("If-Match")) or None,
            idempotency_key=request.headers.get(IDEMPOTENCY_KEY),
        )
