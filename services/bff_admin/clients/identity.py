"""Accounts and decisions of identity_admin, called with the service's key and the admin's token."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

import msgspec

from bff_core.client import (
    Credentials,
    Endpoint,
    JsonDecoder,
    ServiceClient,
    ServiceIdentity,
)
from bff_core.composition import Fetched, WithHeaders
from bff_core.context import RequestContext
from bff_core.errors import NotFound
from bff_core.inputs import is_uuid
from bff_core.settings import Operation
from services.bff_admin.clients.failures import (
    REFUSAL_STATUSES,
    mark_unknown_outcome,
    raise_for_status,
)
from services.bff_admin.contracts.identity import (
    AccountDetail,
    AccountPage,
    AccountState,
    DecisionPage,
    Invitation,
    ItemResults,
)
from services.bff_admin.ports import TrailQuery, Verb

T = TypeVar("T")
NO_HEADERS: Mapping[str, str] = {}

REPLAY = "Idempotent-Replay"
USERS = ("v1", "admin", "users")
DECISIONS = ("v1", "admin", "decisions")


class HttpAccounts:
    """Implements both `Accounts` and `Decisions`."""

    def __init__(
        self, admin: ServiceClient, identity: ServiceIdentity, *, read: Operation, write: Operation
    ) -> None:
        self._admin = admin
        credentials = Credentials(service=identity, token=True)

        def endpoint(
            name: str,
            operation: Operation,
            kind: type[T],
            subjects: Callable[[T], Iterable[str | None]] | None = None,
        ) -> Endpoint[T]:
            return admin.endpoint(
                name,
                operation,
                JsonDecoder(kind),
                credentials=credentials,
                statuses=REFUSAL_STATUSES,
                subjects=subjects,
            )

        self._pages = endpoint("users", read, AccountPage)
        self._detail = endpoint("user", read, AccountDetail, lambda found: [found.user_id])
        self._decisions = endpoint("decisions", read, DecisionPage)
        self._decide = endpoint("decide", write, AccountState, lambda found: [found.user_id])
        self._invite = endpoint("invite", write, Invitation)
        self._decide_many = endpoint("decide_many", write, ItemResults)

    async def pending(self, ctx: RequestContext, query: Mapping[str, str]) -> AccountPage:
        return await _read(self._pages, ctx, (*USERS, "pending"), query)

    async def page(self, ctx: RequestContext, query: Mapping[str, str]) -> AccountPage:
        return await _read(self._pages, ctx, USERS, query)

    async def one(self, ctx: RequestContext, user_id: str) -> AccountDetail:
        return await _read(self._detail, ctx, _account_path(user_id), {})

    async def decide(
        self, ctx: RequestContext, user_id: str, verb: Verb, body: Mapping[str, object]
    ) -> WithHeaders[AccountState]:
        return await self._write(self._decide, ctx, _account_path(user_id, verb), body)

    async def invite(
        self, ctx: RequestContext, person: Mapping[str, object], key: str | None
    ) -> WithHeaders[Invitation]:
        headers = {} if key is None else {"Idempotency-Key": key}
        return await self._write(self._invite, ctx, (*USERS, "invite"), person, headers=headers)

    async def decide_many(
        self, ctx: RequestContext, items: Sequence[Mapping[str, object]]
    ) -> ItemResults:
        path = (*USERS, "decisions")
        return (await self._write(self._decide_many, ctx, path, {"items": items})).body

    async def newest(self, ctx: RequestContext, query: TrailQuery) -> Fetched[DecisionPage]:
        if query.actor is not None and not is_uuid(query.actor):
            # No account has such an id, so it has decided nothing.
            return Fetched(DecisionPage([], None))
        return await self._decisions.get(ctx, DECISIONS, query.as_parameters())

    async def _write(
        self,
        endpoint: Endpoint[T],
        ctx: RequestContext,
        path: Sequence[str],
        body: Mapping[str, object],
        *,
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> WithHeaders[T]:
        """Send, and drop what any admin has read: also a failed write may have been carried out."""
        call = endpoint.request(ctx, "POST", path, body=msgspec.json.encode(body), headers=headers)
        try:
            response = await mark_unknown_outcome(call)
        finally:
            self._admin.forget(None)
        raise_for_status(endpoint.service, response)
        is_replay = response.headers.get(REPLAY) == "true"
        return WithHeaders(response.value, {REPLAY: "true"} if is_replay else {})


def _account_path(user_id: str, *more: str) -> tuple[str, ...]:
    """The path of an account; an id that no account can have is refused before any call."""
    if not is_uuid(user_id):
        raise NotFound
    return (*USERS, user_id, *more)


async def _read(
    endpoint: Endpoint[T], ctx: RequestContext, path: Sequence[str], query: Mapping[str, str]
) -> T:
    response = await endpoint.request(ctx, "GET", path, params=query)
    raise_for_status(endpoint.service, response)
    value: T = response.value
    return value
