"""The benefit of the doubt: an id nobody has seen answer proves nothing about its service."""

from collections import OrderedDict
from dataclasses import dataclass

from msgspec.structs import replace

from bff_core.client.call import Call, DownstreamResponse, Send
from bff_core.client.policies.failure_limit import FailureLimit
from bff_core.client.policies.observer import UNOBSERVED, Observer, notify
from bff_core.client.policies.outcome import is_user_triggerable
from bff_core.errors import DownstreamError, DownstreamRefused, RateLimited


@dataclass(frozen=True, slots=True)
class UnprovenTargetOptions:
    """How many addresses that have answered are remembered."""

    proven: int = 20_000


class UnprovenTargetPolicy:
    """A policy, outside of retries, for calls whose failures one caller can provoke.

    Such a call comes with `neutral_failures`. Once its address has answered well, whoever asked,
    its failures count like any other; until then they count against the user who asks.
    """

    def __init__(
        self,
        limit: FailureLimit,
        options: UnprovenTargetOptions | None = None,
        *,
        observer: Observer = UNOBSERVED,
    ) -> None:
        self._limit = limit
        self._options = options or UnprovenTargetOptions()
        self._observer = observer
        self._proven: OrderedDict[tuple[str, str], None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._proven)

    def __call__(self, send: Send) -> Send:
        async def doubting(call: Call) -> DownstreamResponse:
            if not call.ignored_by_breaker:
                return await send(call)
            if (call.service, call.url) in self._proven:
                self._prove(call)
                return await send(replace(call, ignored_by_breaker=False))
            return await self._look_up(send, call)

        return doubting

    async def _look_up(self, send: Send, call: Call) -> DownstreamResponse:
        self._take(call)
        blamed = False
        try:
            answer = await send(call)
        except DownstreamError as error:
            blamed = _of_the_question(error)
            raise
        finally:
            if not blamed:
                self._limit.give_back(call.identity)
        self._prove(call)
        return answer

    def _take(self, call: Call) -> None:
        try:
            self._limit.take(call.identity)
        except RateLimited:
            notify(self._observer.refused, call, "failure_limit")
            raise

    def _prove(self, call: Call) -> None:
        self._proven[(call.service, call.url)] = None
        self._proven.move_to_end((call.service, call.url))
        if len(self._proven) > self._options.proven:
            self._proven.popitem(last=False)


def _of_the_question(error: DownstreamError) -> bool:
    """Whether the failure may lie in what was asked for, not in the state of the service."""
    refused = isinstance(error, DownstreamRefused) and error.upstream_status != 429
    return refused or is_user_triggerable(error)
