"""Credits of the signed-in teacher."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from bff_core.composition import PartV1

EXAMPLE_CREDITS: JsonDict = {
    "available": 847,
    "unit": "credits",
    "source": "user",
    "org_available": None,
    "level": None,
}


class CreditsV1(BaseModel):
    """Credits as the platform counts them; they fall when a comparison has ended, not at its start."""

    available: int = Field(description="Credits of the `source`.")
    unit: Literal["credits"] = "credits"
    source: Literal["user"] = Field("user", description="Owner of the `available` credits.")
    org_available: int | None = Field(
        description="Credits of the teacher's organisation; null while the platform does not tell."
    )
    level: Literal["normal", "low", "critical", "none"] | None = Field(
        description="`none` when nothing is left; else null, because the platform has no full"
        " account to compare with."
    )


class TeacherCreditsV1(BaseModel):
    """`credits` are null while the part of this name is missing: that is not zero."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "credits": EXAMPLE_CREDITS,
                    "parts": [
                        {"name": "credits", "status": "ok", "age_seconds": 1.5, "code": None}
                    ],
                }
            ]
        }
    )

    credits: CreditsV1 | None
    parts: list[PartV1]
