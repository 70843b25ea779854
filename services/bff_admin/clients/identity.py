"""Accounts and decisions at identity_admin: our key, the admin's token, nothing kept."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeVar

import msgspec

from bff_core.client import (
    Credentials,
    DownstreamResponse,
    Endpoint,
    JsonDecoder,
    ServiceClient,
    ServiceIdentity,
)
from bff_core.clock import to_wire
from bff_core.composition import Fetched
from bff_core.context import RequestContext
from bff_core.errors import NotFound
from bff_core.settings import Operation
from services.bff_admin.clients.certainty import certain
from services.bff_admin.clients.refusals import STATUSES, refusal_in
from services.bff_admin.contracts.identity import (
    AccountDetail,
    AccountPage,
    DecisionPage,
    ItemResults,
    Standing,
)
from services.bff_admin.ports import Decided

T = TypeVar("T")

USERS = ("v1", "admin", "users")
DECISIONS = ("v1", "admin", "decisions")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_NOBODY = DecisionPage([], None)


class HttpAccounts:
    """Is both `Accounts` and `Decisions`."""

    def __init__(
        self, admin: ServiceClient, identity: ServiceIdentity, *, read: Operation, write: Operation
    ) -> None:
        credentials = Credentials(service=identity, token=True)

        def endpoint(name: str, rule: Operation, kind: type[T]) -> Endpoint[T]:
            return admin.endpoint(
                name, rule, JsonDecoder(kind), credentials=credentials, statuses=STATUSES
            )

        self._pages = endpoint("users", read, AccountPage)
        self._detail = endpoint("user", read, AccountDetail)
        self._decisions = endpoint("decisions", read, DecisionPage)
        self._decide = endpoint("decide", write, Standing)
        self._decide_many = endpoint("decide_many", write, ItemResults)

    async def pending(self, ctx: RequestContext, query: Mapping[str, str]) -> AccountPage:
        return await _read(self._pages, ctx, (*USERS, "pending"), query)

    async def page(self, ctx: RequestContext, query: Mapping[str, str]) -> AccountPage:
        return await _read(self._pages, ctx, USERS, query)

    async def one(self, ctx: RequestContext, user_id: str) -> AccountDetail:
        return await _read(self._detail, ctx, (*USERS, _checked(user_id)), {})

    async def approve(
        self, ctx: RequestContext, user_id: str, expected_version: int, note: str | None
    ) -> Decided:
        body = {"expected_version": expected_version, "note": note}
        return await self._decided(ctx, user_id, "approve", body)

    async def deny(
        self, ctx: RequestContext, user_id: str, expected_version: int, reason: str
    ) -> Decided:
        body = {"expected_version": expected_version, "reason": reason}
        return await self._decided(ctx, user_id, "deny", body)

    async def decide(
        self, ctx: RequestContext, items: Sequence[Mapping[str, object]]
    ) -> ItemResults:
        path = (*USERS, "decisions")
        answer = await _written(self._decide_many, ctx, path, {"items": items})
        found: ItemResults = answer.value
        return found

    async def newest(
        self,
        ctx: RequestContext,
        *,
        limit: int,
        before: int | None = None,
        actor: str | None = None,
        since: datetime | None = None,
    ) -> Fetched[DecisionPage]:
        if actor is not None and not _UUID.fullmatch(actor):
            return Fetched(_NOBODY)
        query: dict[str, str | int | None] = {
            "limit": limit,
            "cursor": before,
            "actor": actor,
            "since": to_wire(since) if since else None,
        }
        given = {name: value for name, value in query.items() if value is not None}
        return await self._decisions.get(ctx, DECISIONS, given)

    async def _decided(
        self, ctx: RequestContext, user_id: str, word: str, body: Mapping[str, object]
    ) -> Decided:
        path = (*USERS, _checked(user_id), word)
        answer = await _written(self._decide, ctx, path, body)
        return Decided(answer.value, answer.headers.get("Idempotent-Replay") == "true")


def _checked(user_id: str) -> str:
    """No account can have another kind of id, and no other path is ever built."""
    if not _UUID.fullmatch(user_id):
        raise NotFound
    return user_id


async def _read(
    endpoint: Endpoint[T], ctx: RequestContext, path: Sequence[str], query: Mapping[str, str]
) -> T:
    answer = await endpoint.ask(ctx, "GET", path, params=query)
    found: T = _unless_refused(endpoint, answer).value
    return found


async def _written(
    endpoint: Endpoint[T], ctx: RequestContext, path: Sequence[str], body: Mapping[str, object]
) -> DownstreamResponse:
    asked = endpoint.ask(ctx, "POST", path, body=msgspec.json.encode(body))
    return _unless_refused(endpoint, await certain(asked))


def _unless_refused(endpoint: Endpoint[T], answer: DownstreamResponse) -> DownstreamResponse:
    if answer.status >= 400:
        raise refusal_in(endpoint.service, answer)
    return answer
