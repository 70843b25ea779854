"""Keeps failures of URLs that have never succeeded from counting against the breaker."""

from cachetools import LRUCache
from msgspec.structs import replace

from bff_core.client.call import Call, DownstreamResponse, Send
from bff_core.client.policies.observer import Observer, notify
from bff_core.client.policies.outcome import is_final, is_user_triggerable
from bff_core.errors import DownstreamError, RateLimited
from bff_core.token_bucket import TokenBuckets


class UnprovenTargetPolicy:
    """A policy outside of retries, for calls that one user can make fail at will.

    Such a call is `ignored_by_breaker`. Once its URL has succeeded for any user it is known good,
    and its failures count like all others. Until then they take tokens from the user's bucket. The
    last `max_known_good` such URLs are remembered.
    """

    def __init__(
        self,
        failures_by_user: TokenBuckets[str],
        *,
        max_known_good: int = 20_000,
        observer: Observer | None = None,
    ) -> None:
        self._failures = failures_by_user
        self._observer = observer or Observer()
        self._known_good: LRUCache[tuple[str, str], bool] = LRUCache(max_known_good)

    def __len__(self) -> int:
        return len(self._known_good)

    def __call__(self, send: Send) -> Send:
        async def checked(call: Call) -> DownstreamResponse:
            if not call.ignored_by_breaker:
                return await send(call)
            target = (call.service, call.url)
            if self._known_good.get(target):
                return await send(replace(call, ignored_by_breaker=False))
            # Taken before the call, so that many calls at once cannot all pass.
            wait = self._failures.take(call.identity)
            if wait:
                notify(self._observer.refused, call, "failure_limit")
                raise RateLimited(retry_after=wait)
            user_caused_it = False
            try:
                response = await send(call)
            except DownstreamError as error:
                user_caused_it = is_final(error) or is_user_triggerable(error)
                raise
            finally:
                if not user_caused_it:
                    self._failures.give_back(call.identity)
            self._known_good[target] = True
            return response

        return checked
