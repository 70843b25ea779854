"""The scenario's teacher who uploads: a guest batch with a file that is refused, and then replaced."""

import sqlite3
from uuid import uuid4

from devstack.effects.messages import Message
from devstack.effects.pipelines import command
from devstack.effects.queue import Effect, schedule
from devstack.effects.registration import register
from devstack.effects.uploads import receive
from devstack.effects.world import batch_of, one, store_text
from devstack.seed.people import SARA

FILES_AFTER, REPLACED_AFTER, STARTED_AFTER = 6.0, 15.0, 25.0
_TEXT = "I somras åkte vi till havet, och jag lärde mig segla av min mormor. " * 4
_FILES = ("hav.txt", "mormor.txt", "segling.txt")
_BROKEN = _FILES[-1]


def begin(connection: sqlite3.Connection) -> str | None:
    """Register her batch, unless she has uploaded before; its id."""
    query = "SELECT 1 FROM file_uploads WHERE user_id = ?"
    if one(connection, query, SARA.user_id):
        return None
    prompt = store_text(connection, b"Skriv om ditt lov.")
    reference = {"references": {"student_prompt_text": {"storage_id": prompt, "path": ""}}}
    body = {
        "course_code": "SV1",
        "expected_essay_count": len(_FILES),
        "student_prompt_ref": reference,
    }
    batch_id = register(connection, body, SARA.user_id)
    schedule(connection, Effect("demo_files", batch_id), FILES_AFTER)
    schedule(connection, Effect("demo_replacement", batch_id), REPLACED_AFTER)
    schedule(connection, Effect("demo_start", batch_id), STARTED_AFTER)
    return batch_id


def send_files(connection: sqlite3.Connection, effect: Effect) -> list[Message]:
    """Upload all files; the last one is too short."""
    for name in _FILES:
        text = "Kort." if name == _BROKEN else _TEXT
        receive(connection, effect.batch_id, SARA.user_id, name, text.encode())
    return []


def replace_file(connection: sqlite3.Connection, effect: Effect) -> list[Message]:
    """Upload the file that was refused once more."""
    receive(connection, effect.batch_id, SARA.user_id, _BROKEN, _TEXT.encode())
    return []


def start(connection: sqlite3.Connection, effect: Effect) -> list[Message]:
    """Start the pipeline that costs nothing: her credits are spent."""
    if batch_of(connection, effect.batch_id) is not None:
        phases = ["spellcheck", "nlp"]
        command(
            connection,
            effect.batch_id,
            "nlp",
            phases,
            user_id=SARA.user_id,
            correlation_id=str(uuid4()),
        )
    return []
