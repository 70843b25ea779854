"""Ids as they stand in an answer."""

from typing import Annotated

from pydantic import WithJsonSchema

UuidText = Annotated[str, WithJsonSchema({"type": "string", "format": "uuid"})]
"""A UUID that has been checked, in lower case."""
