"""Our contracts accept what the platform sends; the samples are invented, their shapes are its."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bff_core.client import JsonDecoder, Undecodable
from services.bff_admin.contracts import (
    Balance,
    CreditCheck,
    CreditOperations,
    CreditsAdjusted,
    CreditsSet,
)
from services.bff_teacher.contracts.bos import PHASES, PipelineState
from services.bff_teacher.contracts.cms import (
    AssociationPage,
    ClassInfos,
    ClassPage,
    ConfirmAnswer,
    Roster,
    StudentOfEssay,
)
from services.bff_teacher.contracts.files import FileState
from services.bff_teacher.contracts.identity import IdentityProfile
from services.bff_teacher.contracts.ras import BatchPage, BatchWithEssays, OwnedEssay

SAMPLES = Path(__file__).with_name("downstream")
KINDS: dict[str, Any] = {
    "bos_first_phase": PipelineState,
    "bos_hand_made": PipelineState,
    "bos_registered": PipelineState,
    "bos_second_phase": PipelineState,
    "cms_associations": AssociationPage,
    "cms_class_info": ClassInfos,
    "cms_classes": ClassPage,
    "cms_confirmed": ConfirmAnswer,
    "cms_roster": Roster,
    "cms_student_names": list[StudentOfEssay],
    "cms_student_of_essay": StudentOfEssay,
    "entitlements_adjusted": CreditsAdjusted,
    "entitlements_balance": Balance,
    "entitlements_check": CreditCheck,
    "entitlements_operations": CreditOperations,
    "entitlements_set": CreditsSet,
    "file_state_locked": FileState,
    "file_state_open": FileState,
    "file_state_unknown": FileState,
    "identity_profile": IdentityProfile,
    "ras_batch": BatchWithEssays,
    "ras_batch_registered": BatchWithEssays,
    "ras_essay": OwnedEssay,
    "ras_user_batches": BatchPage,
}


def sample(name: str) -> bytes:
    return (SAMPLES / f"{name}.json").read_bytes()


def read(name: str) -> Any:
    """Decoded at once: the lenient second try is not needed."""

    def complain() -> None:
        raise AssertionError(f"{name} needed the second try")

    return JsonDecoder(KINDS[name], on_salvage=complain)(sample(name))


def test_every_sample_is_held_against_a_contract() -> None:
    assert {path.stem for path in SAMPLES.glob("*.json")} == set(KINDS)


@pytest.mark.parametrize("name", KINDS)
def test_sample_is_accepted(name: str) -> None:
    assert read(name) is not None


@pytest.mark.parametrize("name", KINDS)
def test_more_than_we_read_is_accepted(name: str) -> None:
    def wider(value: Any) -> Any:
        if isinstance(value, dict) and name != "cms_class_info":
            return {key: wider(one) for key, one in value.items()} | {"new_field": [1, {"a": None}]}
        return [wider(one) for one in value] if isinstance(value, list) else value

    body = msgspec.json.encode(wider(msgspec.json.decode(sample(name))))

    assert JsonDecoder(KINDS[name])(body) is not None


@pytest.mark.parametrize("name", [name for name in KINDS if name != "cms_class_info"])
def test_less_than_we_need_is_refused(name: str) -> None:
    empty = b"[{}]" if sample(name).startswith(b"[") else b"{}"

    with pytest.raises(Undecodable):
        JsonDecoder(KINDS[name])(empty)


def test_batch_says_what_screens_read() -> None:
    batch: BatchWithEssays = read("ras_batch")
    scored, failed = batch.essays

    assert batch.prompt_storage_id == "89ab89ab89ab89ab89ab89ab89ab89ab"
    assert (scored.cj_rank, scored.cj_score, scored.filename) == (
        7,
        -1.25,
        "Åke_Öberg_krönika.docx",
    )
    assert failed.spellcheck_error_detail is not None
    assert failed.spellcheck_error_detail.error_code == "SPELLCHECK_SERVICE_ERROR"
    assert "Traceback" not in repr(batch)


def test_registered_batch_has_no_essays_and_no_prompt() -> None:
    batch: BatchWithEssays = read("ras_batch_registered")

    assert (batch.essays, batch.prompt_storage_id) == ((), None)


@pytest.mark.parametrize(
    ("name", "verified", "running"),
    [
        ("file_state_open", True, None),
        ("file_state_locked", True, "cj_assessment"),
        ("file_state_unknown", False, None),
    ],
)
def test_lock_says_what_runs(name: str, running: str | None, *, verified: bool) -> None:
    status = read(name).lock_status

    assert (status.verified, status.running_phase) == (verified, running)


def test_first_phase_that_runs_has_an_end_and_no_start() -> None:
    state: PipelineState = read("bos_first_phase")
    phase = state.pipeline_state.spellcheck

    assert phase is not None
    assert (phase.status, phase.started_at) == ("dispatch_initiated", None)
    assert phase.completed_at is not None
    assert phase.completed_at.utcoffset() == timedelta()


def test_state_that_somebody_made_by_hand_may_lack_phases_and_its_owner() -> None:
    state: PipelineState = read("bos_hand_made")

    missing = [name for name in PHASES if getattr(state.pipeline_state, name) is None]
    assert (missing, state.user_id) == (["nlp", "ai_feedback"], None)


def test_operation_has_a_zoned_time_and_may_have_no_batch() -> None:
    listed: CreditOperations = read("entitlements_operations")

    assert [one.batch_id is None for one in listed.operations] == [False, True]
    assert {one.created_at.utcoffset() for one in listed.operations} == {timedelta()}
