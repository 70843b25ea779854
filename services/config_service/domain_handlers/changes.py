"""Writes of settings: conditional, validated, idempotent and audited."""

import hashlib
import re
from dataclasses import asdict, dataclass, replace

from bff_core.composition import REPLAYED
from bff_core.context import RequestContext
from bff_core.errors import (
    MAX_LISTED_ERRORS,
    ClientError,
    Conflict,
    FieldError,
    InvalidRequest,
    PreconditionFailed,
    PreconditionRequired,
    ValidationFailed,
)
from bff_core.etags import ANY, WithETag, matches_strongly, tags_in
from services.config_service.chain import AuditEntry
from services.config_service.domain_handlers.settings import CurrentSettings, read_current
from services.config_service.dto.settings_v1 import (
    SettingsChangeV1,
    SettingsRollbackV1,
    SettingsWriteV1,
)
from services.config_service.namespaces import Namespace, Namespaces
from services.config_service.namespaces.bounds import size_errors
from services.config_service.ports import (
    ChangeFeed,
    IdempotentResponse,
    SettingsHistory,
    SettingsReader,
    WriteConditions,
    WriteTransaction,
)
from services.config_service.values import PatchOperation, Values, canonical_json, make_patch

_KEY = re.compile(r"[\x21-\x7e]{1,255}")


@dataclass(frozen=True, slots=True)
class ChangeRequest:
    """A requested write: new values, or the version to go back to."""

    namespace: Namespace
    body: SettingsWriteV1 | SettingsRollbackV1
    conditions: WriteConditions

    @property
    def fingerprint(self) -> str:
        """Equal for equal requests, whatever their conditions."""
        action = "put" if isinstance(self.body, SettingsWriteV1) else "rollback"
        parts = (action, self.namespace.name, self.body.model_dump())
        return hashlib.sha256(canonical_json(parts).encode()).hexdigest()

    async def values(self, reader: SettingsReader) -> Values:
        """The values to write.

        Raises:
            ValidationFailed: There is no version of that number.
        """
        if isinstance(self.body, SettingsWriteV1):
            return self.body.values
        if self.body.to_version == 0:
            return self.namespace.defaults
        revision = await reader.revision(self.namespace.name, self.body.to_version)
        if revision is None:
            raise ValidationFailed([FieldError("/to_version", "There is no such version")])
        return revision.values


@dataclass(frozen=True, slots=True)
class PlannedChange:
    """A valid change of the current settings."""

    current: CurrentSettings
    values: Values
    diff: list[PatchOperation]

    def dto(self, written: CurrentSettings | None = None) -> SettingsChangeV1:
        """The change as written; without `written`, as a dry run."""
        shown = written or replace(
            self.current,
            version=self.current.version + 1,
            values=self.values,
            updated_at=None,
            updated_by=None,
        )
        return SettingsChangeV1(**asdict(shown), dry_run=written is None, diff=self.diff)


class ChangeHandler:
    """Every refusal but NotFound, and but that of oversized values, carries the current ETag.

    Raises:
        NotFound: No file defines the namespace.
        PreconditionRequired: The request has no If-Match.
        PreconditionFailed: If-Match names another version than the current.
        ValidationFailed: The values do not fit the schema, or the version to roll back to is unknown.
        Conflict: The Idempotency-Key belongs to another request.
        Unavailable: The database is.
    """

    def __init__(self, namespaces: Namespaces, history: SettingsHistory, feed: ChangeFeed) -> None:
        self._namespaces = namespaces
        self._history = history
        self._feed = feed

    async def change(
        self,
        name: str,
        body: SettingsWriteV1 | SettingsRollbackV1,
        ctx: RequestContext,
        conditions: WriteConditions,
        *,
        dry_run: bool,
    ) -> WithETag[SettingsChangeV1]:
        """Replace the values of a namespace, or write those of an earlier version as a new one."""
        if isinstance(body, SettingsWriteV1):
            # First of all: everything else costs as much as the values are large.
            _require_valid(size_errors(body.values), "/values")
        request = ChangeRequest(self._namespaces.require(name), body, conditions)
        if dry_run:
            plan = await _plan(request, self._history)
            return WithETag(plan.dto(), plan.current.etag)
        key = request.conditions.idempotency_key
        if key is not None and not _KEY.fullmatch(key):
            raise InvalidRequest("Idempotency-Key must be 1 to 255 visible ASCII characters")

        async def replay_or_write(transaction: WriteTransaction) -> WithETag[SettingsChangeV1]:
            replayed = await _replay(request, ctx, transaction)
            return replayed or await _write(request, ctx, transaction)

        change = await self._history.run_in_transaction(replay_or_write)
        if change.headers != REPLAYED:
            await self._feed.publish(change.body.namespace, change.body.version)
        return change


async def _plan(request: ChangeRequest, reader: SettingsReader) -> PlannedChange:
    """Check the preconditions and validate; refusals carry the current ETag."""
    current = await read_current(request.namespace, reader)
    try:
        values = request.namespace.with_defaults(await request.values(reader))
        _require_match(request.conditions.if_match, current, values)
        root = "/values" if isinstance(request.body, SettingsWriteV1) else "/to_version"
        _require_valid(await request.namespace.check(values), root)
    except ClientError as refusal:
        refusal.headers["ETag"] = current.etag
        raise
    return PlannedChange(current, values, make_patch(current.values, values))


def _require_valid(errors: list[FieldError], root: str) -> None:
    if not errors:
        return
    failure = ValidationFailed(FieldError(root + error.pointer, error.message) for error in errors)
    if len(errors) > MAX_LISTED_ERRORS:
        # Validation has stopped there.
        failure.details["error_count"] = None
    raise failure


def _require_match(if_match: str | None, current: CurrentSettings, values: Values) -> None:
    details: dict[str, object] = {
        "current_etag": current.etag,
        "current_version": current.version,
    }
    if not if_match or if_match.strip() == ANY:
        # An asterisk names no version: with it one admin could overwrite another's change unseen.
        raise PreconditionRequired(details=details)
    if not matches_strongly(current.etag, tags_in("If-Match", if_match)):
        raise PreconditionFailed(details=details | {"diff": make_patch(current.values, values)})


async def _replay(
    request: ChangeRequest, ctx: RequestContext, transaction: WriteTransaction
) -> WithETag[SettingsChangeV1] | None:
    """The stored response of an earlier request with the same Idempotency-Key."""
    key = request.conditions.idempotency_key
    stored = await transaction.stored_response(ctx.user_id, key) if key is not None else None
    if stored is None:
        return None
    if stored.fingerprint != request.fingerprint:
        current = await read_current(request.namespace, transaction)
        raise Conflict(
            "This Idempotency-Key belongs to another request",
            details={"reason": "idempotency_key_reused"},
            headers={"ETag": current.etag},
        )
    return WithETag(SettingsChangeV1.model_validate_json(stored.body), stored.etag, REPLAYED)


async def _write(
    request: ChangeRequest, ctx: RequestContext, transaction: WriteTransaction
) -> WithETag[SettingsChangeV1]:
    """Append the new revision and store the response under the Idempotency-Key."""
    plan = await _plan(request, transaction)
    change = AuditEntry(
        sequence=0,
        at="",
        actor=ctx.user_id,
        service=ctx.service_id or "",
        correlation_id=ctx.correlation_id,
        namespace=request.namespace.name,
        version_before=plan.current.version,
        version_after=plan.current.version + 1,
        before=canonical_json(plan.current.values),
        after=canonical_json(plan.values),
        reason=request.body.reason,
    )
    revision = await transaction.append(change)
    written = CurrentSettings.from_revision(request.namespace, revision)
    body = plan.dto(written)
    key = request.conditions.idempotency_key
    if key is not None:
        response = IdempotentResponse(request.fingerprint, body.model_dump_json(), written.etag)
        await transaction.store_response(ctx.user_id, key, response)
    return WithETag(body, written.etag)
