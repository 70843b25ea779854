"""Answers None for a resource that does not exist, which is no failure of its service."""

from collections.abc import Callable
from dataclasses import dataclass

from bff_core.client.call import Call, DownstreamResponse, Send
from bff_core.client.errors import from_status


@dataclass(frozen=True, slots=True)
class Absence:
    """Refusals that mean that there is no such resource, by status and body.

    The innermost policy, so that all others see a response: it is not logged or counted as a
    failure, and it is cached. `of_route`: some releases of the service lack the whole route, so that
    a 404 in HTML, which is a router's, is no failure either; it is raised, and not cached.
    """

    statuses: frozenset[int]
    is_meant_by: Callable[[bytes], bool] = lambda _: True
    of_route: bool = False

    def __call__(self, send: Send) -> Send:
        if not self.statuses:
            return send

        async def found_or_absent(call: Call) -> DownstreamResponse:
            response = await send(call)
            if response.status not in self.statuses:
                return response
            if self.is_meant_by(response.body):
                return DownstreamResponse(None, b"null")
            raise from_status(call.service, response.status, response.headers)

        return found_or_absent
