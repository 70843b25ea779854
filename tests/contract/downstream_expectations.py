"""What we expect of the services behind us: samples of requests, and what their answers look like."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import msgspec
from jsonschema import Draft202012Validator

from bff_core.client import JsonDecoder, Undecodable
from services.bff_teacher.contracts import (
    cms,
    files,
    identity,
    ras,
)

FOLDER = Path(__file__).with_name("downstream") / "expected"
# A service may have been told of its data by hand; whoever wrote the file names them so.
State = Mapping[str, str]
NO_STATE = "always"

READ_AS: Mapping[str, Any] = {
    "cms.ClassPage": cms.ClassPage,
    "cms.AssociationPage": cms.AssociationPage,
    "cms.ConfirmAnswer": cms.ConfirmAnswer,
    "cms.Roster": cms.Roster,
    "cms.StudentOfEssay": cms.StudentOfEssay,
    "cms.StudentsOfBatch": list[cms.StudentOfEssay],
    "files.FileState": files.FileState,
    "identity.IdentityProfile": identity.IdentityProfile,
    "ras.BatchPage": ras.BatchPage,
    "ras.BatchWithEssays": ras.BatchWithEssays,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One way to answer; what is absent may be anything."""

    status: int
    content_type: str | None = None
    schema: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """`caller` is who asks: nobody, user, service, admin service, bearer or admin."""

    method: str
    path: str
    caller: str
    body: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """`answers` are alternatives: services differ by age, and we live with each of them."""

    service: str
    name: str
    state: str
    request: Request
    answers: tuple[Answer, ...]
    read_as: str | None = None
    writes: bool = False
    definitions: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def faults(self, given: httpx.Response, state: State) -> list[str]:
        """Why this is none of the answers that we can live with; empty when it is one."""
        found = [list(self._faults_of(given, answer, state)) for answer in self.answers]
        return [] if [] in found else [fault for faults in found for fault in faults]

    def _faults_of(self, given: httpx.Response, wanted: Answer, state: State) -> Iterator[str]:
        content_type = given.headers.get("content-type", "").partition(";")[0]
        if given.status_code != wanted.status:
            yield f"{wanted.status} expected, {given.status_code} found"
        elif wanted.content_type not in {None, content_type}:
            yield f"{wanted.content_type} expected, {content_type} found"
        elif wanted.schema is not None:
            yield from self._flaws(given.text, filled(wanted.schema, state))
            yield from self._unreadable(given.content, wanted)

    def _flaws(self, text: str, schema: Any) -> Iterator[str]:
        # Python's own reader: RAS may answer a bare NaN.
        judge = Draft202012Validator({**schema, "$defs": self.definitions})
        for flaw in judge.iter_errors(json.loads(text)):
            yield f"/{'/'.join(map(str, flaw.absolute_path))}: {flaw.message[:200]}"

    def _unreadable(self, body: bytes, wanted: Answer) -> Iterator[str]:
        if self.read_as is None or wanted.status >= 400:
            return
        try:
            JsonDecoder(READ_AS[self.read_as])(body)
        except Undecodable as error:
            yield f"our contract {self.read_as} does not read it: {error}"


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
            request=Request(caller=request.pop("as"), **request),
            answers=tuple(msgspec.convert(answer, Answer) for answer in one["answers"]),
            read_as=one.get("read_as"),
            writes=one.get("writes", False),
            definitions=document["$defs"],
        )


def filled(value: Any, state: State) -> Any:
    """The same with `{names}` replaced by what the state says; a number stays one."""
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
    """How this caller says who it is."""
    service = {"X-Internal-API-Key": key, "X-Service-ID": "bff-teacher-service"}
    admin_service = service | {"X-Service-ID": "bff-admin-service"}
    bearer = {"Authorization": f"Bearer {state.get('token', '')}"}
    return {
        "nobody": {},
        "user": {"X-User-ID": state.get("teacher", "00000000-0000-0000-0000-000000000002")},
        "service": service,
        "admin service": admin_service,
        "bearer": bearer,
        "admin": admin_service | bearer,
    }[caller]
