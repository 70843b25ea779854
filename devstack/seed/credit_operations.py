"""The teachers' credits of the past: one grant each, and a consumption for each assessment."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from devstack.seed.identifiers import BASE_DATE, fixed_id
from devstack.seed.model import SeededBatch
from devstack.seed.people import CREDITS

_GRANTED = BASE_DATE - timedelta(days=89)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditOperation:
    """`amount` has no sign: a manual adjustment may add or deduct."""

    id: str
    subject_id: str
    metric: str
    amount: int
    batch_id: str | None
    created_at: datetime
    subject_type: str = "user"
    consumed_from: str = "user"
    operation_status: str = "completed"

    @property
    def correlation_id(self) -> str:
        return fixed_id(f"correlation/{self.id}")


def credit_operations(batches: Iterable[SeededBatch]) -> list[CreditOperation]:
    """Oldest first; what was granted and not consumed is the balance."""
    consumed = [_consumption(batch) for batch in batches if batch.processing_completed_at]
    spent = dict.fromkeys(CREDITS, 0)
    for operation in consumed:
        spent[operation.subject_id] += operation.amount
    granted = [
        CreditOperation(
            id=fixed_id(f"grant/{user_id}"),
            subject_id=user_id,
            metric="manual_adjustment",
            amount=balance + spent[user_id],
            batch_id=None,
            created_at=_GRANTED.replace(tzinfo=UTC),
        )
        for user_id, balance in CREDITS.items()
    ]
    return sorted([*granted, *consumed], key=lambda operation: operation.created_at)


def _consumption(batch: SeededBatch) -> CreditOperation:
    """A comparison of each pair of ranked essays, booked when the assessment was done."""
    ranked = sum(essay.cj_rank is not None for essay in batch.essays)
    ended = batch.processing_completed_at or batch.last_updated
    return CreditOperation(
        id=fixed_id(f"consumption/{batch.batch_id}"),
        subject_id=batch.user_id,
        metric="cj_comparison",
        amount=ranked * (ranked - 1) // 2,
        batch_id=batch.batch_id,
        created_at=ended.replace(tzinfo=UTC),
    )
