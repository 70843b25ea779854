"""Strict parsing of cursors, ids and bodies."""

import pytest
from pydantic import ValidationError

from bff_core.errors import NotFound, ValidationFailed
from services.identity_admin.domain_handlers.decide_handler import parse_user_id
from services.identity_admin.domain_handlers.query_handler import decode_cursor
from services.identity_admin.dto.user_decision_v1 import (
    ApproveRequestV1,
    DecisionItemV1,
    DecisionsRequestV1,
    DenyRequestV1,
)

USER_ID = "11111111-2222-4333-8444-555555555555"


@pytest.mark.parametrize("text", ["", "x", "å", "AAAA", "A" * 31, "_" * 199])
def test_invalid_cursor_is_refused(text: str) -> None:
    with pytest.raises(ValidationFailed):
        decode_cursor(text)


@pytest.mark.parametrize(
    "text", ["", "1", "{" + USER_ID + "}", f"urn:uuid:{USER_ID}", USER_ID.replace("-", ""), "../x"]
)
def test_unusual_spelling_of_an_id_is_not_found(text: str) -> None:
    with pytest.raises(NotFound):
        parse_user_id(text)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"expected_version": None},
        {"expected_version": "1"},
        {"expected_version": True},
        {"expected_version": 1.5},
        {"expected_version": 0},
        {"expected_version": 2**31},
        {"expected_version": 1, "note": ""},
        {"expected_version": 1, "note": " \n "},
        {"expected_version": 1, "note": "a\x00b"},
        {"expected_version": 1, "note": "x" * 501},
        {"expected_version": 1, "reason": "not here"},
    ],
)
def test_invalid_approval_is_refused(body: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ApproveRequestV1.model_validate(body)


def test_denial_needs_a_reason() -> None:
    with pytest.raises(ValidationError):
        DenyRequestV1.model_validate({"expected_version": 1})
    with pytest.raises(ValidationError):
        DecisionItemV1.model_validate(
            {"user_id": USER_ID, "decision": "deny", "expected_version": 1}
        )


@pytest.mark.parametrize("number", [0, 101])
def test_batch_takes_one_to_a_hundred_items(number: int) -> None:
    one = {"user_id": USER_ID, "decision": "approve", "expected_version": 1}

    with pytest.raises(ValidationError):
        DecisionsRequestV1.model_validate({"items": [one] * number})
