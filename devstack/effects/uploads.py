"""An uploaded file: announced first, checked after, given a place in its batch last; then the matching.

Suggestions come first, CMS's rows after them, then a release.
"""

import io
import re
import sqlite3
import zipfile
from uuid import uuid4

from devstack.effects import world
from devstack.effects.queue import Effect, schedule
from devstack.emulators.database import Row, fetch_all, fetch_one, insert_row
from devstack.events import add, batches, moment
from devstack.notifications import Notification

RECEIVED_AFTER, CHECKED_AFTER, PROVISIONED_AFTER, MATCHED_AFTER = 0.3, 1.2, 1.5, 4.0
LISTED_SOON = 0.5
SHORTEST, LONGEST = 50, 50_000
_LARGEST_DOCUMENT = 4 * 1024 * 1024
_TEXTS = {
    "RAW_STORAGE_FAILED": "Failed to store the raw file",
    "TEXT_EXTRACTION_FAILED": "Text extraction failed",
    "EMPTY_CONTENT": "The file holds no text",
    "CONTENT_TOO_SHORT": "too short",
    "CONTENT_TOO_LONG": "too long",
}
ROWS_AFTER = 0.5
CONFIDENCE = 0.95


def receive(
    connection: sqlite3.Connection, batch_id: str, user_id: str, name: str, body: bytes
) -> None:
    """Take a file unseen; its raw bytes lie in the content service."""
    upload_id = str(uuid4())
    row = (upload_id, batch_id, user_id, name, len(body))
    connection.execute("INSERT INTO file_uploads VALUES (?, ?, ?, ?, ?)", row)
    raw = world.store_text(connection, body) if body else None
    payload = {"upload": upload_id, "raw": raw}
    schedule(connection, Effect("file_received", batch_id, payload), RECEIVED_AFTER)
    schedule(connection, Effect("file_checked", batch_id, payload), CHECKED_AFTER)


def announce(connection: sqlite3.Connection, effect: Effect) -> list[Notification]:
    """`batch_files_uploaded`: the file was received, and not looked at yet."""
    upload = _upload(connection, effect)
    add(connection, batches.file_added(upload, moment(effect.batch_id, "upload")))
    announce = world.announcer_of(upload)
    return [announce.file_uploaded(upload["file_upload_id"], upload["filename"])]


def check(connection: sqlite3.Connection, effect: Effect) -> list[Notification]:
    """Refuse the file, or give it a place; a file without one is lost, and nobody is told."""
    upload, now = _upload(connection, effect), moment(effect.batch_id, "upload")
    raw = effect.payload["raw"]
    found = _extracted(str(upload["filename"]), world.text_of(connection, raw)) if raw else None
    code = "RAW_STORAGE_FAILED" if raw is None else _refusal(found)
    if code is not None:
        add(connection, batches.validation_failed(upload, raw, code, _TEXTS[code], now))
        announce, file = world.announcer_of(upload), (upload["file_upload_id"], upload["filename"])
        return [announce.file_refused(*file, code, _TEXTS[code])]
    if fetch_one(connection, "SELECT 1 FROM batches WHERE batch_id = ?", effect.batch_id) is None:
        schedule(connection, effect, LISTED_SOON)
        return []
    text = world.store_text(connection, (found or "").encode())
    add(connection, batches.content_provisioned(upload, raw, text, now))
    batch = world.batch_of(connection, effect.batch_id)
    filled = len(world.essays_of(connection, effect.batch_id))
    if batch is None or filled >= batch["expected_essay_count"]:
        add(connection, batches.excess_content(upload, text, now))
        return []
    essay_id = world.essay_id_at(effect.batch_id, filled)
    # RAS has no row of the essay before its first result.
    essay = {
        "essay_id": essay_id,
        "batch_id": effect.batch_id,
        "in_ras": 0,
        "filename": upload["filename"],
        "file_upload_id": upload["file_upload_id"],
        "original_text_storage_id": text,
        "last_updated": world.now_text(),
    }
    insert_row(connection, "essays", essay)
    add(connection, batches.slot_assigned(upload, essay_id, text, now))
    if filled + 1 == batch["expected_essay_count"]:
        essays = world.texts_of(world.essays_of(connection, effect.batch_id))
        add(connection, batches.provisioning_completed(batch, essays, now))
        schedule(connection, Effect("provisioned", effect.batch_id), PROVISIONED_AFTER)
    return []


def remove(connection: sqlite3.Connection, effect: Effect) -> list[Notification]:
    """The file keeps its place and its text."""
    upload_id = effect.payload["upload"]
    upload = {
        "file_upload_id": upload_id,
        "filename": f"file_{upload_id}",
        "batch_id": effect.batch_id,
        "user_id": effect.payload["user"],
    }
    add(connection, batches.file_removed(upload, moment(effect.batch_id, f"removal/{upload_id}")))
    return [world.announcer_of(upload).file_removed(upload_id)]


def provision(connection: sqlite3.Connection, effect: Effect) -> None:
    """The orchestrator learns that every file is there."""
    batch = world.batch_of(connection, effect.batch_id)
    if batch is not None and batch["status"] == world.AWAITING_CONTENT:
        world.set_status(
            connection,
            effect.batch_id,
            world.AWAITING_STUDENTS if batch["class_id"] else world.READY,
        )
        if batch["class_id"]:
            schedule(connection, Effect("matched", effect.batch_id), MATCHED_AFTER)


def _upload(connection: sqlite3.Connection, effect: Effect) -> Row:
    query = "SELECT * FROM file_uploads WHERE file_upload_id = ?"
    return fetch_one(connection, query, effect.payload["upload"]) or {}


def _extracted(name: str, body: bytes) -> str | None:
    """The text of a file; None when it cannot be read."""
    kind = name.lower().rpartition(".")[2]
    if name.startswith("~$") or kind not in {"txt", "pdf", "docx", "doc"}:
        return None
    if kind == "txt":
        return body.decode(errors="ignore").strip()
    if kind == "pdf":
        # Enough of a reader for a demo: the strings of an uncompressed page.
        strings = re.findall(rb"\(((?:[^()\\]|\\.){1,2000})\)", body[:_LARGEST_DOCUMENT])
        is_open = body.startswith(b"%PDF-") and b"/Encrypt" not in body
        return b" ".join(strings).decode("latin-1").strip() if is_open else None
    try:
        with zipfile.ZipFile(io.BytesIO(body)).open("word/document.xml") as document:
            xml = document.read(_LARGEST_DOCUMENT).decode(errors="ignore")
    except (zipfile.BadZipFile, KeyError, OSError, NotImplementedError):
        return None
    return re.sub(r"<[^>]+>", " ", xml).strip()


def _refusal(text: str | None) -> str | None:
    if text is None:
        return "TEXT_EXTRACTION_FAILED"
    if not text:
        return "EMPTY_CONTENT"
    if len(text) < SHORTEST:
        return "CONTENT_TOO_SHORT"
    return "CONTENT_TOO_LONG" if len(text) > LONGEST else None


def match(connection: sqlite3.Connection, effect: Effect) -> None:
    """NLP suggests the pupils whose names the texts or file names hold; CMS has no row yet."""
    batch = world.batch_of(connection, effect.batch_id)
    if batch is None or not batch["class_id"]:
        return
    query = (
        "SELECT students.* FROM students JOIN class_members USING (student_id) WHERE class_id = ?"
    )
    pupils = fetch_all(connection, query, batch["class_id"])
    results, found = [], {}
    for essay in world.essays_of(connection, effect.batch_id):
        pupil = _author(connection, essay, pupils)
        (text,) = world.texts_of([essay])
        results.append(batches.match_result(text, pupil, CONFIDENCE))
        if pupil is not None:
            found[essay["essay_id"]] = pupil["student_id"]
    add(connection, batches.matches_suggested(batch, results, moment(effect.batch_id)))
    schedule(connection, Effect("suggested", effect.batch_id, {"pupils": found}), ROWS_AFTER)


def _author(connection: sqlite3.Connection, essay: Row, pupils: list[Row]) -> Row | None:
    text = world.text_of(connection, essay["original_text_storage_id"]).decode(errors="replace")
    words = f"{essay['filename']} {text[:500]}".replace("_", " ").lower()
    names = ((pupil, f"{pupil['first_name']} {pupil['last_name']}".lower()) for pupil in pupils)
    return next((pupil for pupil, name in names if name in words), None)


def suggest(connection: sqlite3.Connection, effect: Effect) -> None:
    """CMS stores the suggestions."""
    batch = world.batch_of(connection, effect.batch_id)
    if batch is None:
        return
    now, known = world.now_text(), "SELECT 1 FROM students WHERE student_id = ?"
    for essay_id, student_id in effect.payload["pupils"].items():
        if fetch_one(connection, known, student_id):
            row = (essay_id, effect.batch_id, batch["class_id"], student_id)
            values = (*row, "pending_validation", now, CONFIDENCE)
            connection.execute("INSERT INTO associations VALUES (?, ?, ?, ?, ?, ?, ?)", values)


def release(connection: sqlite3.Connection, effect: Effect) -> None:
    """The orchestrator learns of a confirmation; it ignores one that it does not wait for.

    The essay service tells of ready essays at each confirmation.
    """
    batch = world.batch_of(connection, effect.batch_id)
    if batch is None:
        return
    essays = world.texts_of(world.essays_of(connection, effect.batch_id))
    add(connection, batches.essays_ready(batch, essays, moment(effect.batch_id)))
    if batch["status"] == world.AWAITING_STUDENTS:
        world.set_status(connection, effect.batch_id, world.READY)
