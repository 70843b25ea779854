"""The emulators as the services of the expectations, and the seed as their states."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
from fakeredis import FakeAsyncRedis
from quart import Quart

from devstack.emulators import bos, cms, content, entitlements, files, ras
from devstack.emulators.identity import IdentityEmulatorSettings, create_app
from devstack.emulators.identity.approval import MountedApproval
from devstack.emulators.ras.cache import StatusCache
from devstack.emulators.server import EmulatorSettings
from devstack.seed import PEOPLE, Situation, load_dataset
from devstack.seed.people import ADMIN, ANNA, PENDING
from devstack.seed.store import write_dataset
from devstack.tokens import Hs256, mint

KEY = "expectations-internal-key"
SECRET = "expectations-secret-that-is-long-enough"
DATA = load_dataset()


def states() -> dict[str, dict[str, str]]:
    by_situation = {batch.situation: batch for batch in DATA.batches_of(ANNA.user_id)}
    review = by_situation[Situation.AWAITING_CONFIRMATION]
    scored = by_situation[Situation.DONE]
    open_one = by_situation[Situation.REGISTERED]
    running = by_situation[Situation.SPELLCHECK_RUNNING]
    (new_batch,) = DATA.bos_only
    essay_text = next(t for t in DATA.texts if t.content_type == "application/octet-stream")
    matched = next(one for one in DATA.associations if one.batch_id == review.batch_id)
    teacher = {"teacher": ANNA.user_id}
    token = mint(ADMIN, Hs256(SECRET), now=datetime.now(UTC))
    return {
        "always": {},
        "a teacher has batches": teacher,
        "a teacher has classes": teacher | {"class": _class_of(ANNA.user_id)},
        "a batch has essays": teacher
        | {"batch": scored.batch_id, "essay": scored.visible_essays[0].essay_id},
        "a batch is new": {"batch": new_batch.batch_id},
        "a batch has matches": teacher
        | {
            "batch": review.batch_id,
            "essay": matched.essay_id,
            "student": matched.student_id,
        },
        "a batch is open": teacher | {"batch": open_one.batch_id},
        "a batch is at work": teacher | {"batch": running.batch_id},
        "a text is stored": {"text": essay_text.storage_id},
        "an account exists": {"user": ANNA.user_id},
        "an account has credits": {"user": ANNA.user_id},
        "an admin is signed in": {"token": token},
        "a person waits for approval": {
            "token": token,
            "person": PENDING[0].user_id,
            "version": "1",
        },
    }


def _class_of(teacher: str) -> str:
    return next(one.class_id for one in DATA.classes if one.owner_id == teacher)


@asynccontextmanager
async def emulated(service: str, folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the emulator, which runs for as long and has data of its own."""
    app = _app(service, folder)
    async with app.test_app():
        transport = httpx.ASGITransport(app)  # type: ignore[arg-type]  # Quart's own types of events
        async with httpx.AsyncClient(transport=transport, base_url="http://emulated") as client:
            yield client


def _app(service: str, folder: Path) -> Quart:
    database = folder / "platform.sqlite3"
    if service == "identity":
        return _identity(folder)
    write_dataset(DATA, database)
    if service == "ras":
        settings = ras.RasEmulatorSettings(database=database, internal_api_key=KEY)
        return ras.create_app(settings, StatusCache(FakeAsyncRedis(), 5))
    make: Mapping[str, Callable[[EmulatorSettings], Quart]] = {
        "cms": cms.create_app,
        "files": files.create_app,
        "content": content.create_app,
        "bos": bos.create_app,
        "entitlements": entitlements.create_app,
    }
    return make[service](EmulatorSettings(database=database, internal_api_key=KEY))


def _identity(folder: Path) -> Quart:
    url = f"sqlite+aiosqlite:///{folder / 'identity.db'}"
    settings = IdentityEmulatorSettings(database_url=url, dev_secret=SECRET)
    approval = MountedApproval(settings, {"HULEEDU_INTERNAL_API_KEY": KEY})
    return create_app(settings, approval=approval, people=PEOPLE)
