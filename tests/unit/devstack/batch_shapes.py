"""Shapes of the events of a batch until it is ready, and of classes and pupils."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field, NaiveDatetime

from tests.unit.devstack.event_parts import Base, Course, Ref, Shape, Share, Stamp, SystemMetadata


class Registered(Shape):
    event: str
    entity_id: UUID
    expected_essay_count: Annotated[int, Field(gt=0)]
    essay_ids: list[UUID]
    metadata: SystemMetadata
    course_code: Course
    student_prompt_ref: dict[str, Any] | None
    user_id: str
    org_id: str | None
    class_id: str | None


class FileChanged(Stamp):
    batch_id: UUID
    file_upload_id: UUID
    filename: str
    user_id: str


class ContentProvisioned(Stamp):
    entity_id: UUID
    file_upload_id: UUID
    original_file_name: str
    raw_file_storage_id: str
    text_storage_id: str
    file_size_bytes: int
    content_md5_hash: str | None


class ErrorDetail(Shape):
    error_code: str
    message: str
    correlation_id: UUID
    timestamp: AwareDatetime
    service: str
    operation: str
    details: dict[str, Any]
    stack_trace: str | None
    trace_id: str | None
    span_id: str | None


class ValidationFailed(Stamp):
    entity_id: UUID
    file_upload_id: UUID
    original_file_name: str
    raw_file_storage_id: str
    validation_error_code: Literal[
        "RAW_STORAGE_FAILED",
        "TEXT_EXTRACTION_FAILED",
        "EMPTY_CONTENT",
        "CONTENT_TOO_SHORT",
        "CONTENT_TOO_LONG",
    ]
    validation_error_detail: ErrorDetail
    file_size_bytes: int


class SlotAssigned(Stamp):
    batch_id: UUID
    essay_id: UUID
    file_upload_id: UUID
    text_storage_id: str
    original_file_name: str


class ExcessContent(Stamp):
    batch_id: UUID
    original_file_name: str
    text_storage_id: str
    reason: str


class ProvisioningCompleted(Stamp):
    batch_id: UUID
    provisioned_count: int
    expected_count: int
    course_code: Course
    user_id: str
    essays_for_processing: list[Ref]


class Suggestion(Shape):
    student_id: str
    student_name: str
    student_email: str | None
    confidence_score: Share
    match_reasons: list[str]
    extraction_metadata: dict[str, Any]


class MatchResult(Shape):
    essay_id: UUID
    text_storage_id: str
    filename: Literal[""]
    suggestions: list[Suggestion]
    no_match_reason: str | None
    extraction_metadata: dict[str, Any]


class MatchingSummary(Shape):
    total_essays: int
    processed: int
    matched: int
    unmatched: int
    failed: int


class MatchesSuggested(Base):
    batch_id: UUID
    class_id: str
    course_code: Course
    match_results: list[MatchResult]
    processing_summary: MatchingSummary
    processing_metadata: dict[str, Any]


class Association(Shape):
    essay_id: UUID
    student_id: str | None
    confidence_score: Share
    validation_method: Literal["human", "timeout", "auto"]
    validated_by: str | None
    validated_at: AwareDatetime | NaiveDatetime


class AssociationsConfirmed(Base):
    batch_id: UUID
    class_id: str
    course_code: Course
    associations: list[Association]
    timeout_triggered: bool
    validation_summary: dict[str, int]


class EssaysReady(Shape):
    event: str
    batch_id: UUID
    ready_essays: list[Ref]
    metadata: SystemMetadata
    course_code: Course
    course_language: str
    student_prompt_ref: dict[str, Any] | None
    class_type: Literal["GUEST", "REGULAR"]


class ClassChanged(Stamp):
    class_id: UUID
    class_designation: str | None
    course_codes: list[Course] | None
    user_id: str


class PupilCreated(Stamp):
    student_id: UUID
    first_name: str
    last_name: str
    student_email: str | None
    class_ids: list[str]
    created_by_user_id: str


class PupilUpdated(Stamp):
    student_id: UUID
    first_name: str | None
    last_name: str | None
    student_email: str | None
    add_class_ids: list[str] | None
    remove_class_ids: list[str] | None
    updated_by_user_id: str
