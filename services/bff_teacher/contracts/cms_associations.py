"""What class management sends and takes when matches of essays and students are reviewed."""

from datetime import datetime
from typing import Literal

import msgspec


class Association(msgspec.Struct, frozen=True, kw_only=True):
    """One row an essay, decided or not. Its confidence and reasons are constants: not read."""

    essay_id: str
    suggested_student_id: str
    created_at: datetime | None = None


class AssociationPage(msgspec.Struct, frozen=True, kw_only=True):
    """All rows of a batch; those of an unknown batch are none. `skipped` is ours."""

    associations: list[Association]
    skipped: int = 0


class ConfirmItem(msgspec.Struct, frozen=True):
    """CMS wants both ids of a confirmed item and drops the others from what it publishes."""

    essay_id: str
    student_id: str | None
    confirmed: bool


class ConfirmBody(msgspec.Struct, frozen=True):
    """`user_id` becomes who validated; CMS believes it, so it is always ours."""

    user_id: str
    associations: list[ConfirmItem]


class ConfirmAnswer(msgspec.Struct, frozen=True):
    status: Literal["confirmed"]
