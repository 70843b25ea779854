"""Accounts and decisions of identity_admin, called with the service's key and the admin's token."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from pydantic import BaseModel

from bff_core.client import Credentials, Endpoint, JsonDecoder, ServiceClient, ServiceIdentity
from bff_core.composition import Fetched, WithHeaders
from bff_core.context import RequestContext
from bff_core.errors import NotFound
from bff_core.inputs import is_uuid
from bff_core.settings import Operation
from services.bff_admin.clients.responses import (
    REFUSAL_STATUSES,
    mark_unknown_outcome,
    model_decoder,
    raise_for_status,
)
from services.bff_admin.contracts import DecisionPage
from services.bff_admin.dto.user_decisions_v1 import (
    AdminInvitationV1,
    AdminUserDecisionsV1,
    AdminUserDecisionV1,
    ApproveUserV1,
    DeactivateUserV1,
    DenyUserV1,
    InviteUserV1,
    UserDecisionsV1,
)
from services.bff_admin.dto.users_v1 import (
    AdminPendingUsersV1,
    AdminUserDetailV1,
    AdminUsersV1,
    PendingUsersQuery,
    UsersQuery,
)
from services.bff_admin.ports import TrailQuery, Verb

M = TypeVar("M", bound=BaseModel)
NO_HEADERS: Mapping[str, str] = {}

REPLAY = "Idempotent-Replay"
USERS = ("v1", "admin", "users")
ITEM_DETAILS = frozenset({"reason", "current"})
"""Details of a failed item that are passed on."""
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
            kind: type[M],
            subjects: Callable[[M], Iterable[str | None]] | None = None,
        ) -> Endpoint[M]:
            return admin.endpoint(
                name,
                operation,
                model_decoder(kind),
                credentials=credentials,
                statuses=REFUSAL_STATUSES,
                subjects=subjects,
            )

        self._pages = endpoint("users", read, AdminUsersV1)
        self._detail = endpoint("user", read, AdminUserDetailV1, lambda found: [found.user_id])
        self._decide = endpoint("decide", write, AdminUserDecisionV1, lambda made: [made.user_id])
        self._invite = endpoint("invite", write, AdminInvitationV1)
        self._decide_many = endpoint("decide_many", write, AdminUserDecisionsV1)
        self._decisions = admin.endpoint(
            "decisions",
            read,
            JsonDecoder(DecisionPage),
            credentials=credentials,
            statuses=REFUSAL_STATUSES,
        )

    async def pending(self, ctx: RequestContext, query: PendingUsersQuery) -> AdminPendingUsersV1:
        page = await _read(self._pages, ctx, (*USERS, "pending"), query)
        return AdminPendingUsersV1(**dict(page))

    async def page(self, ctx: RequestContext, query: UsersQuery) -> AdminUsersV1:
        return await _read(self._pages, ctx, USERS, query)

    async def one(self, ctx: RequestContext, user_id: str) -> AdminUserDetailV1:
        return await _read(self._detail, ctx, _account_path(user_id))

    async def decide(
        self,
        ctx: RequestContext,
        user_id: str,
        verb: Verb,
        body: ApproveUserV1 | DenyUserV1 | DeactivateUserV1,
    ) -> WithHeaders[AdminUserDecisionV1]:
        return await self._write(self._decide, ctx, _account_path(user_id, verb), body)

    async def invite(
        self, ctx: RequestContext, person: InviteUserV1, key: str | None
    ) -> WithHeaders[AdminInvitationV1]:
        headers = {} if key is None else {"Idempotency-Key": key}
        return await self._write(self._invite, ctx, (*USERS, "invite"), person, headers=headers)

    async def decide_many(
        self, ctx: RequestContext, decisions: UserDecisionsV1
    ) -> AdminUserDecisionsV1:
        path = (*USERS, "decisions")
        answer = (await self._write(self._decide_many, ctx, path, decisions)).body
        for result in answer.results:
            if result.error:
                details = result.error.details
                result.error.details = {one: details[one] for one in ITEM_DETAILS & details.keys()}
        return answer

    async def newest(self, ctx: RequestContext, query: TrailQuery) -> Fetched[DecisionPage]:
        if query.actor is not None and not is_uuid(query.actor):
            # No account has such an id, so it has decided nothing.
            return Fetched(DecisionPage([], None))
        return await self._decisions.get(ctx, DECISIONS, query.as_parameters())

    async def _write(
        self,
        endpoint: Endpoint[M],
        ctx: RequestContext,
        path: Sequence[str],
        body: BaseModel,
        *,
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> WithHeaders[M]:
        """Send, and drop what any admin has read: also a failed write may have been carried out."""
        sent = body.model_dump_json().encode()
        call = endpoint.request(ctx, "POST", path, body=sent, headers=headers)
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
    endpoint: Endpoint[M], ctx: RequestContext, path: Sequence[str], query: BaseModel | None = None
) -> M:
    given = query.model_dump(mode="json", exclude_none=True) if query else {}
    params = {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in given.items()
    }
    response = await endpoint.request(ctx, "GET", path, params=params)
    raise_for_status(endpoint.service, response)
    value: M = response.value
    return value
