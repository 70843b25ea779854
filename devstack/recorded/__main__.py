"""Replay recorded answers of the real services against the emulators: `python -m devstack.recorded FOLDER`."""

import argparse
import asyncio
import json
import sys
import tempfile
from pathlib import Path

from quart import Quart

from devstack.emulators import cms, content, files, ras
from devstack.emulators.settings import EmulatorSettings
from devstack.recorded.recordings import Recording, Translation, read_recordings
from devstack.recorded.shapes import differences
from devstack.seed import load_dataset
from devstack.seed.store import write_dataset

_JSON = "application/json"
# The only port where the real class-info was mended.
_MENDED_CMS = 5012


class Emulators:
    """The four apps over a fresh database, and once more over none at all."""

    def __init__(self, database: Path, key: str) -> None:
        self._apps = _apps(database, key)
        self._without_database = _apps(database.with_name("gone.sqlite3"), key)

    async def ask(self, one: Recording, translation: Translation) -> tuple[int, str, bytes]:
        app = (self._without_database if "pg_down" in one.name else self._apps)[one.service]
        client = app.test_client()
        for switch in _switches(one):
            await client.put(f"/_devstack/switches/{switch}")
        send = {"POST": client.post, "PUT": client.put, "DELETE": client.delete}
        answer = await send.get(one.method, client.get)(
            translation.apply(one.path),
            headers={name: translation.apply(value) for name, value in one.headers.items()},
            data=translation.apply(one.body).encode(),
        )
        body = await answer.get_data(as_text=False)
        return answer.status_code, answer.headers["Content-Type"], body


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m devstack.recorded", description=__doc__)
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args().folder
    recordings = read_recordings(folder)
    if not recordings:
        sys.stdout.write(f"{folder} holds no recorded answer of these services.\n")
        return 2
    with tempfile.TemporaryDirectory() as scratch:
        complaints = asyncio.run(_compare(recordings, Path(scratch) / "platform.sqlite3"))
    counted = f"{len(recordings)} recorded answers, {len(complaints)} differences."
    sys.stdout.write("\n".join([*complaints, counted, ""]))
    return 1 if complaints else 0


async def _compare(recordings: list[Recording], database: Path) -> list[str]:
    dataset = load_dataset()
    write_dataset(dataset, database)
    emulators = Emulators(database, _key(recordings))
    translation = Translation(recordings, dataset)
    complaints: list[str] = []
    await _learn(emulators, recordings, translation)
    for one in recordings:
        found = await emulators.ask(one, translation)
        complaints += [f"{one.name}: {what}" for what in _judge(one, found, translation)]
    return complaints


async def _learn(
    emulators: Emulators, recordings: list[Recording], translation: Translation
) -> None:
    """Lists name the ids that later requests ask for."""
    for one in recordings:
        if one.method == "GET" and one.status == 200 and one.content_type == _JSON:
            status, _, body = await emulators.ask(one, translation)
            translation.learn_from(one.answer, json.loads(body) if status == 200 else None)


def _judge(one: Recording, found: tuple[int, str, bytes], translation: Translation) -> list[str]:
    status, content_type, body = found
    if status != one.status:
        return [f"{one.status} expected, {status} found"]
    if content_type != one.content_type:
        return [f"{one.content_type} expected, {content_type} found"]
    if one.content_type != _JSON:
        return []
    ours = json.loads(body)
    translation.learn_from(one.answer, ours)
    theirs = json.loads(translation.apply(json.dumps(one.answer)))
    return [*differences(theirs, ours), *_other_words(theirs, ours)]


def _other_words(theirs: object, ours: object) -> list[str]:
    """The text of an error is part of the contract."""
    if not (isinstance(theirs, dict) and isinstance(ours, dict)) or "error" not in theirs:
        return []
    expected, found = (_said(one.get("error")) for one in (theirs, ours))
    return [] if expected == found else [f"{expected!r} expected, {found!r} found"]


def _said(error: object) -> str:
    if isinstance(error, dict):
        return f"{error.get('error_code')} {error.get('operation')} {error.get('message')}"
    return str(error)


def _switches(one: Recording) -> tuple[str, ...]:
    if one.service == "cms":
        return ("class_info/fixed" if one.port == _MENDED_CMS else "class_info/shipped",)
    return ("bos/down" if "bos_down" in one.name else "bos/up",)


def _key(recordings: list[Recording]) -> str:
    """The key that the real services let in."""
    good = [one for one in recordings if one.status == 200 and "X-Internal-API-Key" in one.headers]
    return good[0].headers["X-Internal-API-Key"] if good else ""


def _apps(database: Path, key: str) -> dict[str, Quart]:
    settings = EmulatorSettings(database=database, internal_api_key=key)
    results = ras.RasSettings(database=database, internal_api_key=key, cache_enabled=False)
    return {
        "ras": ras.create_app(results),
        "cms": cms.create_app(settings),
        "files": files.create_app(settings),
        "content": content.create_app(settings),
    }


if __name__ == "__main__":
    raise SystemExit(main())
