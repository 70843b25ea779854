"""Recorded answers of the real services, and the demo's ids in place of theirs."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from devstack.seed import BatchStatus, Dataset
from devstack.seed.dataset import BOS_ONLY_BATCH_ID
from devstack.seed.people import ADMIN, ANNA, ERIK

_ID = re.compile(
    r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])",
    re.IGNORECASE,
)
# Of one second: first what makes things, last what takes them away.
_ORDER = ("POST", "PUT", "GET", "DELETE")
# Whole journeys are recorded too; their batches were made on the way.
_PREFIXES = ("ras_", "cms_", "file_", "content_")
_SERVICES = {4003: "ras", 5002: "cms", 5012: "cms", 7001: "files", 8000: "content"}


@dataclass(frozen=True, slots=True)
class Recording:
    name: str
    port: int
    method: str
    path: str
    headers: dict[str, str]
    body: str
    status: int
    content_type: str
    answer: object

    @property
    def service(self) -> str:
        return _SERVICES[self.port]


def read_recordings(folder: Path) -> list[Recording]:
    """Those of the services that the devstack emulates here, in the order they were made."""
    found: list[tuple[tuple[object, ...], Recording]] = []
    for file in folder.glob("*.json"):
        data = json.loads(file.read_text(encoding="utf-8"))
        if data["name"].startswith(_PREFIXES) and _port(data) in _SERVICES:
            one = _recording(data)
            found.append(((data["recorded_at"], _ORDER.index(one.method), one.name), one))
    return [one for _, one in sorted(found, key=lambda pair: pair[0])]


class Translation:
    """Recorded ids to ours: some by the recording's name, the rest learned from paired answers."""

    def __init__(self, recordings: list[Recording], dataset: Dataset) -> None:
        self._ours: dict[str, str] = {}
        mine = dataset.batches_of(ANNA.user_id)
        by_status = {batch.status: batch.batch_id for batch in mine}
        review = [b.batch_id for b in mine if b.status is BatchStatus.AWAITING_STUDENT_VALIDATION]
        running = [b.batch_id for b in mine if b.status is BatchStatus.PROCESSING_PIPELINES]
        by_name = {
            **{f"ras_batch_status_200_{status}": one for status, one in by_status.items()},
            "ras_batch_status_200_processing_cj": running[1],
            "ras_batch_status_bos_fallback_with_state": BOS_ONLY_BATCH_ID,
            "cms_student_associations_200_batch2": review[1],
            "file_batch_state_200": by_status[BatchStatus.AWAITING_CONTENT_VALIDATION],
        }
        for one in recordings:
            if one.name in by_name:
                self.learn(_first_id(one.path), by_name[one.name])
        self._learn_users(recordings)

    def learn(self, theirs: str, ours: str) -> None:
        """What is known stays; an all-zero id is nobody's, here as there."""
        if not theirs.startswith("00000000"):
            self._ours.setdefault(theirs, ours)

    def apply(self, text: str) -> str:
        return _ID.sub(lambda match: self._translated(match.group()), text)

    def learn_from(self, theirs: object, ours: object) -> None:
        if isinstance(theirs, dict) and isinstance(ours, dict):
            for key in theirs.keys() & ours.keys():
                self.learn_from(theirs[key], ours[key])
        elif isinstance(theirs, list) and isinstance(ours, list):
            for one, other in zip(theirs, ours, strict=False):
                self.learn_from(one, other)
        elif _is_id(theirs) and _is_id(ours):
            self.learn(str(theirs), str(ours))

    def _translated(self, theirs: str) -> str:
        ours = self._ours.get(theirs.lower(), theirs)
        return ours.upper() if theirs.isupper() else ours

    def _learn_users(self, recordings: list[Recording]) -> None:
        users = {
            "ras_user_batches_200": ANNA,
            "ras_user_batches_200_limit1": ERIK,
            "ras_user_batches_200_empty": ADMIN,
        }
        for one in recordings:
            if one.name in users:
                self.learn(_first_id(one.path), users[one.name].user_id)
            if one.name == "file_upload_202":
                self.learn(one.headers["X-User-ID"], ANNA.user_id)


def _is_id(value: object) -> bool:
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def _port(data: dict[str, dict[str, str]]) -> int | None:
    return urlsplit(data["request"].get("url", "")).port


def _recording(data: dict[str, dict[str, object]]) -> Recording:
    request, response = data["request"], data["response"]
    url = urlsplit(str(request["url"]))
    body = request["body"]
    headers_sent = dict(request["headers"])  # type: ignore[call-overload]  # An object in the file.
    headers = dict(response["headers"])  # type: ignore[call-overload]  # A list of pairs in the file.
    return Recording(
        name=str(data["name"]),
        port=url.port or 0,
        method=str(request["method"]),
        path=f"{url.path}?{url.query}" if url.query else url.path,
        headers=headers_sent,
        body=_whole(body, headers_sent.get("Content-Type", "")),
        status=int(str(response["status"])),
        content_type=headers["content-type"],
        answer=response["body"],
    )


def _whole(body: object, content_type: str) -> str:
    """Long uploads were cut when they were recorded: the parts are closed again."""
    text = body if isinstance(body, str) else "" if body is None else json.dumps(body)
    _, _, boundary = content_type.partition("boundary=")
    end = f"--{boundary}--\r\n"
    return text if not boundary or text.endswith(end) else f"{text}\r\n{end}"


def _first_id(text: str) -> str:
    match = _ID.search(text)
    return match.group() if match else "00000000"
