"""Entity tags: reading them, comparing them, and 304."""

import pytest
from dishka import make_async_container
from pydantic import BaseModel
from quart import Blueprint, Quart

from bff_core.app import Blueprints, build_app
from bff_core.errors import Conflict, InvalidRequest
from bff_core.etags import WithETag, is_not_modified, matches_strongly, tags_in
from bff_core.observability import Metrics
from bff_core.server import PUBLIC, access, document_of, error_responses, returns_etagged
from bff_core.settings import ServiceSettings
from bff_core.testing import SECRET


class Fact(BaseModel):
    """A fact."""

    text: str = "so"


def app_with_a_tag() -> Quart:
    blueprint = Blueprint("some", __name__)

    @blueprint.get("/fact")
    @access(PUBLIC)
    @error_responses(Conflict)
    @returns_etagged(Fact)
    async def fact() -> WithETag[Fact]:
        """A fact."""
        return WithETag(Fact(), '"1"', {"X-More": "yes"})

    return build_app(
        ServiceSettings(port=1, environment="testing", jwt_secret_key=SECRET),
        make_async_container(),
        service="some_service",
        title="Some",
        metrics=Metrics("some"),
        blueprints=[Blueprints(blueprint)],
        access={},
    )


@pytest.mark.parametrize(
    ("value", "named"),
    [
        ('"a"', ['"a"']),
        (' "a" , "b",,"c" ', ['"a"', '"b"']),
        ('"a,b"', ['"a,b"']),
        ("*", ['"a"', '"b"', '"a,b"']),
    ],
)
def test_tags_are_read(value: str, named: list[str]) -> None:
    tags = tags_in("If-Match", value)

    assert [tag for tag in ('"a"', '"b"', '"a,b"') if matches_strongly(tag, tags)] == named


@pytest.mark.parametrize("value", ["", "a", '"a', 'a"b"', '"a" b', '"a b"', '*, "a"', 'w/"a"'])
def test_what_is_no_list_of_tags_is_refused(value: str) -> None:
    with pytest.raises(InvalidRequest):
        tags_in("If-Match", value)


def test_weak_tag_matches_only_weakly() -> None:
    tags = tags_in("If-None-Match", 'W/"a"')

    assert not matches_strongly('"a"', tags)
    assert is_not_modified("GET", tags, '"a"')
    assert not is_not_modified("POST", tags, '"a"')


@pytest.mark.parametrize("given", ['"1"', 'W/"1"', '"0", "1"', "*"])
async def test_known_tag_is_answered_without_a_body(given: str) -> None:
    client = app_with_a_tag().test_client()

    answer = await client.get("/fact", headers={"If-None-Match": given})

    assert answer.status_code == 304
    assert await answer.get_data() == b""
    assert answer.headers["ETag"] == '"1"'


@pytest.mark.parametrize("given", ['"2"', "nonsense", ""])
async def test_other_tag_is_answered_in_full(given: str) -> None:
    client = app_with_a_tag().test_client()

    answer = await client.get("/fact", headers={"If-None-Match": given})

    assert answer.status_code == 200
    assert await answer.get_json() == {"text": "so"}
    assert (answer.headers["ETag"], answer.headers["X-More"]) == ('"1"', "yes")


async def test_documents_the_tag_and_the_refusals() -> None:
    app = app_with_a_tag()
    async with app.app_context():
        document = document_of(app)
    answers = document["paths"]["/fact"]["get"]["responses"]
    conflict = answers["409"]["$ref"].rsplit("/", 1)[1]

    assert "ETag" in answers["200"]["headers"]
    assert "304" in answers
    assert Conflict.message in document["components"]["responses"][conflict]["description"]
