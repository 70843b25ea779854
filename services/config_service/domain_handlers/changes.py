"""Changing settings: only on what the caller has read, only to what fits, never without a trace."""

import hashlib
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bff_core.context import RequestContext
from bff_core.errors import (
    ClientError,
    Conflict,
    FieldError,
    InvalidRequest,
    PreconditionFailed,
    PreconditionRequired,
    ValidationFailed,
)
from bff_core.etags import ANY, WithETag, matches_strongly, tags_in
from services.config_service.domain_handlers.current_settings import Present, as_present, present
from services.config_service.dto.settings_v1 import (
    SettingsChangeV1,
    SettingsRollbackV1,
    SettingsWriteV1,
)
from services.config_service.json_patch import PatchOperation, difference
from services.config_service.namespaces import Namespace, Namespaces
from services.config_service.ports import (
    ChangeFeed,
    Conditions,
    Draft,
    History,
    Reading,
    Remembered,
    Writing,
)
from services.config_service.values import Values, canonical

REPLAY = {"Idempotent-Replay": "true"}
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants a namespace to be; `values` finds it, `root` is where it is in the body."""

    namespace: Namespace
    values: Callable[[Reading], Awaitable[Values]]
    root: str
    reason: str
    fingerprint: str
    conditions: Conditions


@dataclass(frozen=True, slots=True)
class Plan:
    """A change that may be made."""

    now: Present
    values: Values
    diff: list[PatchOperation]


class ChangeHandler:
    """Grants a wish or refuses it; every refusal but an unknown namespace carries the current tag.

    Raises:
        NotFound: No file defines the namespace.
        PreconditionRequired: The wish names no version that was read.
        PreconditionFailed: It names another one than the current.
        ValidationFailed: The values do not fit the schema, or there is no version to go back to.
        Conflict: Its Idempotency-Key belongs to another wish.
        Unavailable: The store is.
    """

    def __init__(self, namespaces: Namespaces, history: History, feed: ChangeFeed) -> None:
        self._namespaces = namespaces
        self._history = history
        self._feed = feed

    async def put(
        self,
        name: str,
        wanted: SettingsWriteV1,
        ctx: RequestContext,
        conditions: Conditions,
        *,
        dry_run: bool,
    ) -> WithETag[SettingsChangeV1]:
        async def values(_: Reading) -> Values:
            return wanted.values

        wish = Wish(
            namespace=self._namespaces.named(name),
            values=values,
            root="/values",
            reason=wanted.reason,
            fingerprint=_fingerprint("put", name, wanted.model_dump()),
            conditions=conditions,
        )
        return await self._grant(wish, ctx, dry_run=dry_run)

    async def roll_back(
        self,
        name: str,
        wanted: SettingsRollbackV1,
        ctx: RequestContext,
        conditions: Conditions,
        *,
        dry_run: bool,
    ) -> WithETag[SettingsChangeV1]:
        namespace = self._namespaces.named(name)

        async def values(store: Reading) -> Values:
            return await _values_of(namespace, wanted.to_version, store)

        wish = Wish(
            namespace=namespace,
            values=values,
            root="/to_version",
            reason=wanted.reason,
            fingerprint=_fingerprint("rollback", name, wanted.model_dump()),
            conditions=conditions,
        )
        return await self._grant(wish, ctx, dry_run=dry_run)

    async def _grant(
        self, wish: Wish, ctx: RequestContext, *, dry_run: bool
    ) -> WithETag[SettingsChangeV1]:
        if dry_run:
            plan = await _plan(wish, self._history)
            return WithETag(_answer(plan, plan.now.version + 1, dry_run=True), plan.now.etag)
        _require_key(wish.conditions.idempotency_key)
        change = await self._history.write(lambda writing: _replay_or_make(wish, ctx, writing))
        if change.headers != REPLAY:
            await self._feed.announce(change.body.namespace, change.body.version)
        return change


async def _replay_or_make(
    wish: Wish, ctx: RequestContext, writing: Writing
) -> WithETag[SettingsChangeV1]:
    replay = await _replay(wish, ctx, writing)
    return replay or await _make(wish, ctx, writing)


async def _make(wish: Wish, ctx: RequestContext, writing: Writing) -> WithETag[SettingsChangeV1]:
    plan = await _plan(wish, writing)
    revision = await writing.append(_draft(wish, plan, ctx))
    made = as_present(wish.namespace, revision)
    body = _answer(plan, made.version, dry_run=False).model_copy(
        update={"updated_at": made.updated_at, "updated_by": made.updated_by}
    )
    key = wish.conditions.idempotency_key
    if key is not None:
        answer = Remembered(wish.fingerprint, body.model_dump_json(), made.etag)
        await writing.remember(ctx.user_id, key, answer)
    return WithETag(body, made.etag)


async def _values_of(namespace: Namespace, version: int, store: Reading) -> Values:
    if version == 0:
        return namespace.defaults
    revision = await store.revision(namespace.name, version)
    if revision is None:
        raise ValidationFailed([FieldError("/to_version", "There is no such version")])
    return revision.values


async def _plan(wish: Wish, store: Reading) -> Plan:
    """What would be done; a refusal carries the tag that the next try needs."""
    now = await present(wish.namespace, store)
    try:
        values = wish.namespace.filled(await wish.values(store))
        _require_match(wish.conditions.if_match, now, values)
        flaws = wish.namespace.flaws(values)
        if flaws:
            raise ValidationFailed(
                FieldError(wish.root + one.pointer, one.message) for one in flaws
            )
    except ClientError as refusal:
        refusal.headers["ETag"] = now.etag
        raise
    return Plan(now, values, difference(now.values, values))


def _require_match(if_match: str | None, now: Present, values: Values) -> None:
    details: dict[str, object] = {"current_etag": now.etag, "current_version": now.version}
    if not if_match or if_match.strip() == ANY:
        # An asterisk names no version: it would let one admin undo another unseen.
        raise PreconditionRequired(details=details)
    if not matches_strongly(now.etag, tags_in("If-Match", if_match)):
        raise PreconditionFailed(details=details | {"diff": difference(now.values, values)})


def _require_key(key: str | None) -> None:
    if key is not None and not _KEY.fullmatch(key):
        raise InvalidRequest("Idempotency-Key must be 1 to 255 visible ASCII characters")


async def _replay(
    wish: Wish, ctx: RequestContext, writing: Writing
) -> WithETag[SettingsChangeV1] | None:
    key = wish.conditions.idempotency_key
    answer = await writing.remembered(ctx.user_id, key) if key is not None else None
    if answer is None:
        return None
    if answer.fingerprint != wish.fingerprint:
        now = await present(wish.namespace, writing)
        raise Conflict(
            "This Idempotency-Key belongs to another request",
            details={"reason": "idempotency_key_reused"},
            headers={"ETag": now.etag},
        )
    return WithETag(SettingsChangeV1.model_validate_json(answer.body), answer.etag, REPLAY)


def _draft(wish: Wish, plan: Plan, ctx: RequestContext) -> Draft:
    return Draft(
        namespace=wish.namespace.name,
        version_before=plan.now.version,
        before=plan.now.values,
        after=plan.values,
        reason=wish.reason,
        actor=ctx.user_id,
        service=ctx.service_id or "",
        correlation_id=ctx.correlation_id,
    )


def _answer(plan: Plan, version: int, *, dry_run: bool) -> SettingsChangeV1:
    return SettingsChangeV1(
        namespace=plan.now.namespace,
        version=version,
        values=plan.values,
        updated_at=None,
        updated_by=None,
        dry_run=dry_run,
        diff=plan.diff,
    )


def _fingerprint(*parts: object) -> str:
    return hashlib.sha256(canonical(parts).encode()).hexdigest()
