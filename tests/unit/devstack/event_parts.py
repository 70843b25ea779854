"""The parts that the shapes of the platform's events share."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

Course = Literal["ENG5", "ENG6", "ENG7", "SV1", "SV2", "SV3"]
Phase = Literal["spellcheck", "nlp", "ai_feedback", "cj_assessment"]
Share = Annotated[float, Field(ge=0, le=1)]
Grade = Annotated[str, Field(pattern=r"^([A-F][+-]?|U)$")]
Label = Literal["HIGH", "MID", "LOW"]


def _is_ascii(text: str) -> str:
    assert text.isascii()
    return text


Ascii = Annotated[str, AfterValidator(_is_ascii)]


class Shape(BaseModel):
    """Every key is there and no other one: the platform sends null and empty objects, too."""

    model_config = ConfigDict(extra="forbid", strict=False)


class Envelope(Shape):
    event_id: UUID
    event_type: Ascii
    event_timestamp: AwareDatetime
    source_service: Ascii
    schema_version: Literal[1]
    correlation_id: UUID
    data_schema_uri: None
    data: dict[str, Any]
    metadata: dict[str, Any] | None


class SystemMetadata(Shape):
    entity_id: str
    entity_type: str
    parent_id: str | None
    timestamp: AwareDatetime
    processing_stage: str | None
    started_at: datetime | None
    completed_at: datetime | None
    event: str | None
    error_info: dict[str, Any]


class Base(Shape):
    event_name: str
    entity_id: str | None
    entity_type: str | None
    parent_id: str | None
    timestamp: AwareDatetime


class Update(Base):
    status: str
    system_metadata: SystemMetadata


class Stamp(Shape):
    event: str
    correlation_id: UUID
    timestamp: AwareDatetime


class Ref(Shape):
    essay_id: UUID
    text_storage_id: str
    spellcheck_metrics: Any
