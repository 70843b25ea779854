"""The request bodies that CMS validates."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

CourseCode = Literal["ENG5", "ENG6", "ENG7", "SV1", "SV2", "SV3"]
ClassName = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Email = Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s.]+$")]


class CreateClass(BaseModel):
    name: ClassName
    course_codes: Annotated[list[CourseCode], Field(min_length=1)]


class UpdateClass(BaseModel):
    name: ClassName | None = None
    course_codes: list[CourseCode] | None = None


class PersonName(BaseModel):
    first_name: str
    last_name: str
    legal_full_name: str | None = None

    @property
    def full(self) -> str:
        return f"{self.first_name} {self.last_name}"


class CreateStudent(BaseModel):
    person_name: PersonName
    email: Email | None = None
    class_ids: list[UUID] | None = None


class UpdateStudent(BaseModel):
    person_name: PersonName | None = None
    email: Email | None = None
    add_class_ids: list[UUID] | None = None
    remove_class_ids: list[UUID] | None = None
