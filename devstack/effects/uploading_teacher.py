"""The scenario's teacher who uploads: a guest batch with a file that is refused, and then replaced."""

import sqlite3
from uuid import uuid4

from devstack.effects.pipelines import command
from devstack.effects.queue import Effect, schedule
from devstack.effects.registration import register
from devstack.effects.uploads import receive
from devstack.effects.world import batch_of, store_text
from devstack.emulators.database import fetch_one
from devstack.seed.people import SARA

_STEPS = {"demo_files": 6.0, "demo_replacement": 15.0, "demo_start": 25.0}
"""Seconds after the registration."""
_TEXT = "I somras åkte vi till havet, och jag lärde mig segla av min mormor. " * 4
_FILES = ("hav.txt", "mormor.txt", "segling.txt")
_BROKEN = _FILES[-1]


def begin(connection: sqlite3.Connection) -> str | None:
    """Register her batch, unless she has uploaded before; its id."""
    query = "SELECT 1 FROM file_uploads WHERE user_id = ?"
    if fetch_one(connection, query, SARA.user_id):
        return None
    prompt = store_text(connection, b"Skriv om ditt lov.")
    reference = {"references": {"student_prompt_text": {"storage_id": prompt, "path": ""}}}
    body = {
        "course_code": "SV1",
        "expected_essay_count": len(_FILES),
        "student_prompt_ref": reference,
    }
    batch_id = register(connection, body, SARA.user_id)
    for kind, seconds in _STEPS.items():
        schedule(connection, Effect(kind, batch_id), seconds)
    return batch_id


def send_files(connection: sqlite3.Connection, effect: Effect) -> None:
    """Upload all files; the last one is too short."""
    for name in _FILES:
        text = "Kort." if name == _BROKEN else _TEXT
        receive(connection, effect.batch_id, SARA.user_id, name, text.encode())


def replace_file(connection: sqlite3.Connection, effect: Effect) -> None:
    """Upload the file that was refused once more."""
    receive(connection, effect.batch_id, SARA.user_id, _BROKEN, _TEXT.encode())


def start(connection: sqlite3.Connection, effect: Effect) -> None:
    """Start the pipeline that costs nothing: her credits are spent."""
    if batch_of(connection, effect.batch_id) is not None:
        phases, ids = (
            ["spellcheck", "nlp"],
            {"user_id": SARA.user_id, "correlation_id": str(uuid4())},
        )
        command(connection, effect.batch_id, "nlp", phases, **ids)
