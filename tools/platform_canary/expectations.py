"""Expectations of the downstream services: sample requests and the schemas of their answers."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import msgspec
from jsonschema import Draft202012Validator

from bff_core.client import JsonDecoder, Undecodable
from services.bff_admin import contracts as entitlements
from services.bff_teacher.contracts import (
    bos,
    cms,
    files,
    identity,
    ras,
)

FOLDER = Path(__file__).with_name("expected")
# Names in paths, bodies and schemas, and the ids for which they stand.
State = Mapping[str, str]
NO_STATE = "always"
STRANGER = "00000000-0000-0000-0000-000000000002"
"""A user who owns nothing."""

READ_AS: Mapping[str, Any] = {
    "bos.PipelineState": bos.PipelineState,
    "cms.ClassPage": cms.ClassPage,
    "cms.AssociationPage": cms.AssociationPage,
    "cms.ConfirmAnswer": cms.ConfirmAnswer,
    "cms.Roster": cms.Roster,
    "cms.StudentOfEssay": cms.StudentOfEssay,
    "cms.StudentsOfBatch": list[cms.StudentOfEssay],
    "cms.ValidationStatuses": cms.ValidationStatuses,
    "entitlements.Balance": entitlements.Balance,
    "entitlements.CreditCheck": entitlements.CreditCheck,
    "entitlements.CreditOperations": entitlements.CreditOperations,
    "entitlements.CreditsAdjusted": entitlements.CreditsAdjusted,
    "entitlements.CreditsSet": entitlements.CreditsSet,
    "files.FileState": files.FileState,
    "identity.IdentityProfile": identity.IdentityProfile,
    "ras.BatchPage": ras.BatchPage,
    "ras.BatchWithEssays": ras.BatchWithEssays,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedResponse:
    """One accepted response; an absent field accepts anything."""

    status: int
    content_type: str | None = None
    schema: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedRequest:
    """`caller` is nobody, user, stranger, service, admin service, bearer or admin."""

    method: str
    path: str
    caller: str
    body: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """`answers` are alternatives: services differ by age, and each is accepted."""

    service: str
    name: str
    state: str
    request: ExpectedRequest
    answers: tuple[ExpectedResponse, ...]
    read_as: str | None = None
    writes: bool = False
    definitions: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def mismatches(
        self, given: httpx.Response, state: State, *, with_values: bool = True
    ) -> list[str]:
        """The differences from every accepted response; empty when it is one of them.

        Values of a real service may be names of pupils: without `with_values` no difference has one.
        """
        found = [
            list(self._mismatches_of(given, answer, state, with_values=with_values))
            for answer in self.answers
        ]
        return [] if [] in found else [one for mismatches in found for one in mismatches]

    def _mismatches_of(
        self, given: httpx.Response, wanted: ExpectedResponse, state: State, *, with_values: bool
    ) -> Iterator[str]:
        content_type = given.headers.get("content-type", "").partition(";")[0]
        if given.status_code != wanted.status:
            yield f"{wanted.status} expected, {given.status_code} found"
        elif wanted.content_type not in {None, content_type}:
            yield f"{wanted.content_type} expected, {content_type} found"
        elif wanted.schema is not None:
            schema = filled(wanted.schema, state)
            for place, rule, message in self._schema_errors(given.text, schema):
                yield f"{place}: {message if with_values else f'{rule} does not hold'}"
            yield from self._decode_errors(given.content, wanted)

    def _schema_errors(self, text: str, schema: Any) -> Iterator[tuple[str, str, str]]:
        """Place, rule and message of each error."""
        validator = Draft202012Validator({**schema, "$defs": self.definitions})
        try:
            # Python's own reader: RAS may answer a bare NaN.
            body = json.loads(text)
        except ValueError:
            yield "/", "JSON", "is not JSON"
            return
        for error in validator.iter_errors(body):
            place = f"/{'/'.join(map(str, error.absolute_path))}"
            yield place, str(error.validator), error.message[:200]

    def _decode_errors(self, body: bytes, wanted: ExpectedResponse) -> Iterator[str]:
        if self.read_as is None or wanted.status >= 400:
            return
        try:
            JsonDecoder(READ_AS[self.read_as])(body)
        except Undecodable as error:
            yield f"our contract {self.read_as} cannot read it: {error}"


def expectations() -> list[Expectation]:
    return [one for path in sorted(FOLDER.glob("*.json")) for one in _read(path)]


def _read(path: Path) -> Iterator[Expectation]:
    document = json.loads(path.read_text("utf-8"))
    for one in document["expectations"]:
        request = dict(one["request"])
        yield Expectation(
            service=document["service"],
            name=one["name"],
            state=one["state"],
            request=ExpectedRequest(caller=request.pop("as"), **request),
            answers=tuple(msgspec.convert(answer, ExpectedResponse) for answer in one["answers"]),
            read_as=one.get("read_as"),
            writes=one.get("writes", False),
            definitions=document["$defs"],
        )


def filled(value: Any, state: State) -> Any:
    """The value with `{names}` replaced by the state's ids; a number stays a number."""
    if isinstance(value, dict):
        return {key: filled(one, state) for key, one in value.items()}
    if isinstance(value, list):
        return [filled(one, state) for one in value]
    if not isinstance(value, str):
        return value
    for name, known in state.items():
        if value == f"{{{name}}}":
            return int(known) if known.isdecimal() and len(known) < 10 else known
        value = value.replace(f"{{{name}}}", known)
    return value


def headers_of(caller: str, state: State, key: str) -> dict[str, str]:
    """The headers that identify this caller."""
    service = {"X-Internal-API-Key": key, "X-Service-ID": "bff-teacher-service"}
    admin_service = service | {"X-Service-ID": "bff-admin-service"}
    bearer = {"Authorization": f"Bearer {state.get('token', '')}"}
    return {
        "nobody": {},
        "user": {"X-User-ID": state.get("teacher", STRANGER)},
        "stranger": {"X-User-ID": STRANGER},
        "service": service,
        "admin service": admin_service,
        "bearer": bearer,
        "admin": admin_service | bearer,
    }[caller]
