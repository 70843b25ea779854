"""What class management sends."""

from datetime import datetime

import msgspec


class Class(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A class of the asking teacher. How many students it has, CMS counts wrongly: not read."""

    id: str
    name: str
    course_code: str | None = None
    created_at: datetime | None = None


class ClassPage(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """Newest first, without a total; what is worked out of a page is kept with it. `skipped` is ours, as in RAS's page."""

    classes: tuple[Class, ...]
    skipped: int = 0


class ClassInfo(msgspec.Struct, frozen=True, gc=False):
    class_id: str
    class_name: str


ClassInfos = dict[str, ClassInfo | None]
"""Batch id in lower case to its class; None where no essay of the batch has a student yet."""
