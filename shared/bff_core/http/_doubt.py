"""The benefit of the doubt: an id nobody has seen answer proves nothing about its service."""

from collections import OrderedDict
from dataclasses import dataclass

from msgspec.structs import replace

from bff_core.errors import DownstreamError, DownstreamRefused, RateLimited
from bff_core.http._call import Answer, Call, Send
from bff_core.http._failure_limit import FailureLimit
from bff_core.http._observer import UNOBSERVED, Observer, tell
from bff_core.http._verdict import provoked


@dataclass(frozen=True, slots=True)
class DoubtOptions:
    """How many addresses that have answered are remembered."""

    proven: int = 20_000


class Doubt:
    """A policy, outside of retries, for calls whose failures one caller can provoke.

    Such a call comes with `neutral_failures`. Once its address has answered well, whoever asked,
    its failures count like any other; until then they count against the user who asks.
    """

    def __init__(
        self,
        limit: FailureLimit,
        options: DoubtOptions | None = None,
        *,
        observer: Observer = UNOBSERVED,
    ) -> None:
        self._limit = limit
        self._options = options or DoubtOptions()
        self._observer = observer
        self._proven: OrderedDict[tuple[str, str], None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._proven)

    def __call__(self, send: Send) -> Send:
        async def doubting(call: Call) -> Answer:
            if not call.neutral_failures:
                return await send(call)
            if (call.service, call.url) in self._proven:
                self._prove(call)
                return await send(replace(call, neutral_failures=False))
            return await self._look_up(send, call)

        return doubting

    async def _look_up(self, send: Send, call: Call) -> Answer:
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
            tell(self._observer.refused, call, "failure_limit")
            raise

    def _prove(self, call: Call) -> None:
        self._proven[(call.service, call.url)] = None
        self._proven.move_to_end((call.service, call.url))
        if len(self._proven) > self._options.proven:
            self._proven.popitem(last=False)


def _of_the_question(error: DownstreamError) -> bool:
    """Whether the failure may lie in what was asked for, not in the state of the service."""
    refused = isinstance(error, DownstreamRefused) and error.upstream_status != 429
    return refused or provoked(error)
