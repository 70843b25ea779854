"""Cursors, ids and bodies: what comes from outside is read strictly."""

import pytest
from pydantic import ValidationError

from bff_core.errors import NotFound, ValidationFailed
from services.identity_admin.domain_handlers import cursors
from services.identity_admin.domain_handlers.identifiers import person_in
from services.identity_admin.dto.user_decision_v1 import (
    ApproveRequestV1,
    DecisionItemV1,
    DecisionsRequestV1,
    DenyRequestV1,
)

PERSON = "11111111-2222-4333-8444-555555555555"


@pytest.mark.parametrize("text", ["", "x", "å", "AAAA", "A" * 31, "_" * 199])
def test_cursor_of_nobodys_is_refused(text: str) -> None:
    with pytest.raises(ValidationFailed):
        cursors.read(text)


@pytest.mark.parametrize(
    "text", ["", "1", "{" + PERSON + "}", f"urn:uuid:{PERSON}", PERSON.replace("-", ""), "../x"]
)
def test_odd_spelling_of_an_id_is_nobody(text: str) -> None:
    with pytest.raises(NotFound):
        person_in(text)


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
def test_approval_that_does_not_fit_is_refused(body: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ApproveRequestV1.model_validate(body)


def test_denial_needs_a_reason() -> None:
    with pytest.raises(ValidationError):
        DenyRequestV1.model_validate({"expected_version": 1})
    with pytest.raises(ValidationError):
        DecisionItemV1.model_validate(
            {"user_id": PERSON, "decision": "deny", "expected_version": 1}
        )


@pytest.mark.parametrize("number", [0, 101])
def test_bulk_takes_one_to_a_hundred(number: int) -> None:
    one = {"user_id": PERSON, "decision": "approve", "expected_version": 1}

    with pytest.raises(ValidationError):
        DecisionsRequestV1.model_validate({"items": [one] * number})
