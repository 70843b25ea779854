"""Bounds of a body, which keep the cost of refusing it near that of the largest valid one."""

import json
from uuid import UUID

import pytest

from bff_core.errors import ValidationFailed
from bff_core.json_values import check_json
from bff_core.server import parse_body
from services.bff_teacher.dto.associations_v1 import AssociationConfirmRequestV1


def decision(number: int) -> dict[str, str]:
    return {
        "essay_id": str(UUID(int=number)),
        "student_id": str(UUID(int=number)),
        "suggestion": "known",
    }


def test_the_largest_valid_body_passes() -> None:
    body = json.dumps({"decisions": [decision(n) for n in range(2000)], "force": False})

    parsed = parse_body(AssociationConfirmRequestV1, body.encode())

    assert len(parsed.decisions) == 2000


@pytest.mark.parametrize("item", ["{}", "[]", "0", '{"decisions": []}'])
def test_a_long_array_is_refused_before_its_items_are_looked_at(item: str) -> None:
    body = '{"decisions": [' + ", ".join([item] * 3_000) + "]}"

    with pytest.raises(ValidationFailed) as refused:
        parse_body(AssociationConfirmRequestV1, body.encode())

    assert refused.value.details == {
        "errors": [{"pointer": "", "message": "An array has more than 2000 items"}],
        "error_count": 1,
    }


def test_many_names_are_one_flaw() -> None:
    body = json.dumps({"decisions": [{f"name-{name:02}": 0 for name in range(17)}] * 1990})

    with pytest.raises(ValidationFailed, match="not valid") as refused:
        check_json(body.encode())

    assert refused.value.details == {
        "errors": [{"pointer": "", "message": "There are more than 6100 names"}],
        "error_count": 1,
    }
