"""Credits in the platform's Entitlements."""

from collections.abc import Awaitable, Mapping
from typing import TypeVar

import msgspec

from bff_core.client import Credentials, DownstreamResponse, Endpoint, JsonDecoder, ServiceClient
from bff_core.composition import Fetched
from bff_core.context import RequestContext
from bff_core.errors import DownstreamFailed, FieldError, NotFound, ValidationFailed
from bff_core.inputs import is_uuid
from bff_core.settings import Operation
from services.bff_admin.clients.responses import mark_unknown_outcome
from services.bff_admin.contracts import (
    Balance,
    CreditCheck,
    CreditOperations,
    CreditsAdjusted,
    CreditsSet,
)
from services.bff_admin.ports import CreditChange, CreditsReadOnly

T = TypeVar("T", CreditsAdjusted, CreditsSet)

ADMIN = ("v1", "admin", "credits")
MAX_OPERATIONS = 20
CHECKED_METRIC = "cj_comparison"
"""Costs one credit. At its daily limit the check denies for that, and a zero stays in doubt."""
UNKNOWN_OUTCOME = (
    "It is not known whether this was done: look at the balance and the operations first,"
    " because a repeat is another change"
)
_UNROUTED = "Internal server error"


class _FlatError(msgspec.Struct):
    error: str


_FLAT_ERROR = msgspec.json.Decoder(_FlatError)


class HttpCredits:
    """Implements `Credits`."""

    def __init__(self, entitlements: ServiceClient, *, read: Operation, write: Operation) -> None:
        # Entitlements checks no credentials, so it gets none.
        nothing = Credentials()
        self._balance = entitlements.endpoint(
            "balance", read, JsonDecoder(Balance), credentials=nothing
        )
        self._check = entitlements.endpoint(
            "check", read, JsonDecoder(CreditCheck), credentials=nothing
        )
        self._operations = entitlements.endpoint(
            "operations",
            read,
            JsonDecoder(CreditOperations),
            credentials=nothing,
            statuses=frozenset({500}),
        )
        refusals = frozenset({400})
        self._adjust = entitlements.endpoint(
            "adjust", write, JsonDecoder(CreditsAdjusted), credentials=nothing, statuses=refusals
        )
        self._set = entitlements.endpoint(
            "set", write, JsonDecoder(CreditsSet), credentials=nothing, statuses=refusals
        )

    async def available(self, ctx: RequestContext, user_id: str) -> Fetched[int]:
        subject = _subject(user_id)
        found = await self._balance.get(ctx, ("v1", "entitlements", "balance", subject))
        if found.value.user_balance == 0:
            await self._require_true_zero(ctx, subject)
        return found.holding(found.value.user_balance)

    async def _require_true_zero(self, ctx: RequestContext, user_id: str) -> None:
        """A failure is answered as zero, too; a check names it `system_error`."""
        body = msgspec.json.encode({"user_id": user_id, "metric": CHECKED_METRIC, "amount": 1})
        check = await self._check.post(ctx, ("v1", "entitlements", "check-credits"), body)
        if (check.available_credits, check.reason) != (0, "insufficient_credits"):
            raise DownstreamFailed(self._check.service, reason="doubtful_zero")

    async def operations(self, ctx: RequestContext, user_id: str) -> Fetched[CreditOperations]:
        return await self._list(ctx, user_id, {"limit": MAX_OPERATIONS})

    async def booked(self, ctx: RequestContext, user_id: str) -> Fetched[CreditOperations]:
        return await self._list(ctx, user_id, {"correlation_id": ctx.correlation_id})

    async def _list(
        self, ctx: RequestContext, user_id: str, query: Mapping[str, str | int]
    ) -> Fetched[CreditOperations]:
        params = {"subject_type": "user", "subject_id": _subject(user_id), **query}
        response = await self._operations.request(ctx, "GET", (*ADMIN, "operations"), params=params)
        if response.status == 500:
            raise self._failure(response)
        return Fetched(response.value)

    async def adjust(
        self, ctx: RequestContext, user_id: str, amount: int, reason: str
    ) -> CreditChange:
        body = {"amount": amount, "reason": reason}
        done = await self._change(self._adjust, ctx, user_id, "adjust", body)
        return CreditChange(done.new_balance, done.correlation_id)

    async def set(self, ctx: RequestContext, user_id: str, balance: int) -> CreditChange:
        done = await self._change(self._set, ctx, user_id, "set", {"balance": balance})
        return CreditChange(done.balance, done.correlation_id)

    async def _change(
        self,
        endpoint: Endpoint[T],
        ctx: RequestContext,
        user_id: str,
        action: str,
        body: Mapping[str, object],
    ) -> T:
        subject = _subject(user_id)
        sent = msgspec.json.encode({"subject_type": "user", "subject_id": subject, **body})
        call = endpoint.request(ctx, "POST", (*ADMIN, action), body=sent)
        response = await mark_unknown_outcome(_confirmed(call, subject), UNKNOWN_OUTCOME)
        if response.status == 400:
            # The rest of the body was checked before: only the new balance can be wrong.
            pointer = f"/{next(iter(body))}"
            raise ValidationFailed([FieldError(pointer, "the balance would fall below zero")])
        value: T = response.value
        return value

    def _failure(self, response: DownstreamResponse) -> DownstreamFailed | CreditsReadOnly:
        """A route of the service names its failures in an envelope; an unknown path cannot."""
        service = self._operations.service
        try:
            flat = _FLAT_ERROR.decode(response.body).error == _UNROUTED
        except (msgspec.DecodeError, UnicodeDecodeError):
            flat = False
        if flat:
            return CreditsReadOnly(service)
        return DownstreamFailed(service, reason="status", upstream_status=500)


def _subject(user_id: str) -> str:
    """The id of an account as Identity spells it.

    Identity finds an account by any spelling; Entitlements takes each for another account, and
    books for any. So an id that no account can have is refused.
    """
    if not is_uuid(user_id):
        raise NotFound
    return user_id.lower()


async def _confirmed(call: Awaitable[DownstreamResponse], user_id: str) -> DownstreamResponse:
    """The response, once it says that it is about this user and that the change was made."""
    response = await call
    done: CreditsAdjusted | CreditsSet | None = response.value
    if done is not None and not (done.success and done.subject_id == user_id):
        raise DownstreamFailed("entitlements", reason="other_subject")
    return response
