"""Standing of an admin."""

from pydantic import BaseModel, Field

from services.identity_admin.dto.field_types import EXAMPLE_ID


class AdminAccessV1(BaseModel):
    """The caller is an approved account with the admin role; anyone else gets a refusal."""

    user_id: str = Field(examples=[EXAMPLE_ID])
