"""The signed-in user."""

from pydantic import BaseModel, ConfigDict, Field

from bff_core.composition import PartV1


class MaintenanceV1(BaseModel):
    """While `read_only` is true, writes are refused with 503 and reason `maintenance`."""

    read_only: bool
    show_banner: bool = Field(
        description="True while operators have the text shown, whether writes are refused or not."
    )
    banner: dict[str, str] = Field(
        description="Text of the operators by language, such as `sv`; empty when they wrote none."
    )


class TeacherProfileV1(BaseModel):
    """The token's word on the caller; names and locale are null while `profile` is missing."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "user_id": "0b8d6f34-2e51-4a1c-9c7e-8f3a1d5e6b72",
                    "roles": ["teacher"],
                    "org": "demo-school",
                    "first_name": "Anna",
                    "last_name": "Lindqvist",
                    "display_name": None,
                    "locale": "sv-SE",
                    "maintenance": {"read_only": False, "show_banner": False, "banner": {}},
                    "parts": [
                        {"name": "profile", "status": "ok", "age_seconds": 0.0, "code": None}
                    ],
                }
            ]
        }
    )

    user_id: str
    roles: list[str] = Field(description="In alphabetical order.")
    org: str | None
    first_name: str | None
    last_name: str | None
    display_name: str | None
    locale: str | None
    maintenance: MaintenanceV1 | None = Field(
        description="Null until the settings of the platform were read."
    )
    parts: list[PartV1]
