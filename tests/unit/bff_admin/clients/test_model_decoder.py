"""Answers of the project's own services are read strictly: another type is another shape."""

from datetime import UTC, datetime

import pytest
from pydantic import BaseModel

from bff_core.client import Undecodable
from services.bff_admin.clients.responses import model_decoder


class Row(BaseModel):
    version: int
    at: datetime


def test_a_body_is_read_with_its_times() -> None:
    row = model_decoder(Row)(b'{"version": 1, "at": "2026-01-31T12:00:00Z"}')

    assert row == Row(version=1, at=datetime(2026, 1, 31, 12, tzinfo=UTC))


@pytest.mark.parametrize(
    "body", [b'{"version": "1", "at": "2026-01-31T12:00:00Z"}', b"[]", b"\xff"]
)
def test_another_shape_is_refused(body: bytes) -> None:
    with pytest.raises(Undecodable):
        model_decoder(Row)(body)
