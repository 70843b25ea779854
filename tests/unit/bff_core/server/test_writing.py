"""msgspec writes what pydantic would, to the byte, or pydantic does."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    PlainSerializer,
    RootModel,
    TypeAdapter,
    computed_field,
    field_validator,
)
from pydantic_core import PydanticSerializationError

from bff_core.server.routes import writer


class Colour(StrEnum):
    RED = "red"
    GREEN = "green"


@dataclass(slots=True)
class Row:
    name: str
    colour: Colour
    at: datetime | None


class Inner(BaseModel):
    model_config = ConfigDict(frozen=True)

    id: UUID
    score: float | None

    @field_validator("score")
    @classmethod
    def any_score(cls, score: float | None) -> float | None:
        return score


class Plain(BaseModel):
    rows: list[Row]
    inner: Inner | None
    count: int
    sure: bool
    kind: Literal["a", "b"] = "a"


class Aliased(BaseModel):
    count: int = Field(serialization_alias="number")


class Hidden(BaseModel):
    count: int = Field(exclude=True)


class Computed(BaseModel):
    count: int

    @computed_field  # type: ignore[prop-decorator]  # pydantic's own way
    @property
    def twice(self) -> int:
        return 2 * self.count


class Serialized(BaseModel):
    count: Annotated[int, PlainSerializer(str)]


class Spelled(BaseModel):
    model_config = ConfigDict(ser_json_inf_nan="strings")

    score: float


class Wider(BaseModel):
    model_config = ConfigDict(extra="allow")

    count: int


class Within(BaseModel):
    things: list[dict[str, Aliased] | Aliased]


def pydantic_writes(dto: BaseModel) -> bytes:
    return TypeAdapter(type(dto)).dump_json(dto)


def written(write: Any, dto: BaseModel) -> Any:
    """Bytes, or that there are none."""
    try:
        return write(dto)
    except (PydanticSerializationError, ValueError):
        return None


zones = st.one_of(
    st.just(UTC),
    st.none(),
    st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)
moments = st.datetimes(timezones=zones)
texts = st.text(st.characters(exclude_categories=[]), max_size=8)
rows = st.builds(Row, texts, st.sampled_from(Colour), st.none() | moments)
# Exponents may be spelt otherwise, which says the same: 1e16 and 1e+16.
tame = st.floats(1e-5, 1e15) | st.floats(-1e15, -1e-5) | st.sampled_from([0.0, -0.0])
scores = tame | st.sampled_from([float("nan"), float("inf"), float("-inf")])
inners = st.builds(Inner.model_construct, id=st.uuids(), score=st.none() | scores)
dtos = st.builds(
    Plain.model_construct,
    rows=st.lists(rows, max_size=3),
    inner=st.none() | inners,
    count=st.integers() | st.sampled_from([2**63, -(2**63) - 1, 2**64 - 1, 2**64]),
    sure=st.booleans(),
    kind=st.sampled_from(["a", "b"]),
)


@given(dtos)
@example(Plain(rows=[Row("\ud800", Colour.RED, None)], inner=None, count=1, sure=True))
def test_what_is_written_is_what_pydantic_writes(dto: Plain) -> None:
    assert written(writer(Plain), dto) == written(pydantic_writes, dto)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_is_the_number_that_pydantic_writes(score: float) -> None:
    dto = Inner(id=UUID(int=1), score=score)

    assert json.loads(writer(Inner)(dto)) == json.loads(pydantic_writes(dto))


def test_a_plain_model_is_not_pydantics() -> None:
    write: Any = writer(Plain)

    assert write.__module__ == "bff_core.server.routes"


@pytest.mark.parametrize(
    "dto",
    [
        Aliased(count=1),
        Hidden(count=1),
        Computed(count=1),
        Serialized(count=1),
        Spelled(score=float("nan")),
        Wider.model_validate({"count": 1, "more": 2}),
        Within(things=[Aliased(count=1), {"a": Aliased(count=2)}]),
        RootModel[dict[str, JsonValue]]({"a": [1, None]}),
        RootModel[list[int]]([1]),
    ],
    ids=lambda dto: type(dto).__name__,
)
def test_what_is_not_plain_is_pydantics(dto: BaseModel) -> None:
    write: Any = writer(type(dto))

    assert write.__qualname__ != "writer.<locals>.write"
    assert write(dto) == pydantic_writes(dto)
