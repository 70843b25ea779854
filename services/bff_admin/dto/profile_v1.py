"""The signed-in admin."""

from pydantic import BaseModel, ConfigDict, Field

from bff_core.composition import PartV1


class AdminProfileV1(BaseModel):
    """The token's claims; e-mail and names are null while `account` is missing."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "user_id": "7d2e9a41-5c83-4f06-b1d7-0e6f4a2c8b95",
                    "roles": ["admin"],
                    "org": "demo-school",
                    "email": "admin@skola.example",
                    "first_name": "Karin",
                    "last_name": "Berg",
                    "display_name": None,
                    "parts": [
                        {"name": "account", "status": "ok", "age_seconds": 0.0, "code": None}
                    ],
                }
            ]
        }
    )

    user_id: str
    roles: list[str] = Field(description="In alphabetical order.")
    org: str | None
    email: str | None
    first_name: str | None
    last_name: str | None
    display_name: str | None
    parts: list[PartV1]
