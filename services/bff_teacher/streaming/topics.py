"""What one stream follows: a teacher's list, or one of their batches."""

from dataclasses import dataclass

from bff_core.context import UserId
from services.bff_teacher.dto.language_v1 import LanguageV1

LIST = "list"


@dataclass(frozen=True, slots=True)
class Topic:
    """`language` is that of a batch's failures; a list has none of its own."""

    user_id: UserId
    batch_id: str | None = None
    language: LanguageV1 | None = None

    @property
    def name(self) -> str:
        """Without a space or a brace: it stands in keys and in messages."""
        return f"{self.batch_id}:{self.language}" if self.batch_id else LIST
