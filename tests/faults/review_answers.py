"""Answers of the stubs for a batch whose matches wait for its teacher."""

import json
from datetime import timedelta
from typing import Protocol

from bff_core.clock import SystemClock
from bff_core.testing import Reply, StubServer
from tests.faults.platform_answers import (
    BATCH,
    ESSAY,
    ESSAY_ROW,
    MAJA,
    SECOND,
    TEACHER,
    phases,
    whole_batch,
)

NOT_BEGUN = {"overall_status": "pending_content", "processing_completed_at": None}


class HasStubs(Protocol):
    @property
    def ras(self) -> StubServer: ...
    @property
    def cms(self) -> StubServer: ...
    @property
    def bos(self) -> StubServer: ...


def fresh_associations() -> bytes:
    """One match, made an hour ago: too young for CMS's timer."""
    made_at = SystemClock().now().replace(tzinfo=None) - timedelta(hours=1)
    row = {"essay_id": ESSAY, "suggested_student_id": MAJA, "created_at": made_at.isoformat()}
    return json.dumps({"associations": [row]}).encode()


def put_before_files(behind: HasStubs, batch: str = BATCH, user: str = TEACHER) -> None:
    """Let RAS, BOS and CMS say of a user's batch that nothing has happened with it."""
    whole = whole_batch(batch_id=batch, user_id=user, **NOT_BEGUN)
    behind.ras.on(f"/internal/v1/batches/{batch}/status", Reply(body=whole))
    path = f"/internal/v1/batches/{batch}/pipeline-state"
    state = phases(batch, spellcheck="pending_dependencies").replace(
        TEACHER.encode(), user.encode()
    )
    behind.bos.on(path, Reply(body=state))
    path = f"/v1/batches/{batch}/student-associations"
    behind.cms.on(path, Reply(body=b'{"associations":[]}'))


def put_in_review(behind: HasStubs, batch: str = BATCH) -> None:
    """Let RAS, BOS and CMS say of the batch that its matches wait."""
    essays = (ESSAY_ROW, ESSAY_ROW | {"essay_id": SECOND, "cj_score": 0.5})
    whole = whole_batch(*essays, batch_id=batch, **NOT_BEGUN)
    behind.ras.on(f"/internal/v1/batches/{batch}/status", Reply(body=whole))
    path = f"/internal/v1/batches/{batch}/pipeline-state"
    behind.bos.on(path, Reply(body=phases(batch, spellcheck="pending_dependencies")))
    path = f"/v1/batches/{batch}/student-associations"
    behind.cms.on(path, Reply(body=fresh_associations()))
