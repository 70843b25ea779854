import asyncio
import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import jwt
import pytest

from bff_core.auth import JwksKeys, TokenRules, TokenVerifier
from bff_core.errors import BffError, DownstreamUnreachable, NotAuthenticated, Unavailable
from bff_core.testing import AUDIENCE, ISSUER, FakeClock, RsaKeys, access_token, bearer
from tests.jwks_kit import Issuer, entry, published

RULES = TokenRules("RS256", AUDIENCE, ISSUER)


@pytest.fixture(scope="module")
def old() -> RsaKeys:
    return RsaKeys.generate()


@pytest.fixture(scope="module")
def new() -> RsaKeys:
    return RsaKeys.generate()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def issuer(old: RsaKeys) -> Issuer:
    return Issuer(published(old=old))


@pytest.fixture
def keys(issuer: Issuer, clock: FakeClock) -> JwksKeys:
    return JwksKeys(issuer, clock, interval=0.01)


@pytest.fixture
def verifier(keys: JwksKeys, clock: FakeClock) -> TokenVerifier:
    return TokenVerifier(keys, RULES, clock)


def signed(pair: RsaKeys, kid: str | None, **claims: Any) -> str:
    headers = {} if kid is None else {"kid": kid}
    return bearer(access_token(key=pair.private, algorithm="RS256", headers=headers, **claims))


async def reason(verifier: TokenVerifier, authorization: str) -> object:
    with pytest.raises(NotAuthenticated) as caught:
        await verifier.authenticate(authorization)
    return caught.value.details["reason"]


async def test_keys_are_read_once_for_many_tokens(
    verifier: TokenVerifier, issuer: Issuer, old: RsaKeys
) -> None:
    for number in range(3):
        await verifier.authenticate(signed(old, "old", sub=f"user-{number}"))

    assert issuer.reads == 1


async def test_a_set_of_one_key_needs_no_name(verifier: TokenVerifier, old: RsaKeys) -> None:
    assert (await verifier.authenticate(signed(old, None))).user_id == "teacher-1"


async def test_a_new_key_is_found_at_its_first_token(
    verifier: TokenVerifier, issuer: Issuer, clock: FakeClock, old: RsaKeys, new: RsaKeys
) -> None:
    await verifier.authenticate(signed(old, "old"))
    issuer.document = published(old=old, new=new)
    clock.advance(11)

    assert (await verifier.authenticate(signed(new, "new"))).user_id == "teacher-1"
    assert issuer.reads == 2


async def test_a_withdrawn_key_takes_its_remembered_tokens_along(
    verifier: TokenVerifier, issuer: Issuer, clock: FakeClock, old: RsaKeys, new: RsaKeys
) -> None:
    await verifier.authenticate(signed(old, "old"))
    issuer.document = published(new=new)
    clock.advance(301)

    assert await reason(verifier, signed(old, "old")) == "unknown_key"


async def test_another_key_under_the_same_name_does_too(
    verifier: TokenVerifier, issuer: Issuer, clock: FakeClock, old: RsaKeys, new: RsaKeys
) -> None:
    await verifier.authenticate(signed(old, "old"))
    issuer.document = published(old=new)
    clock.advance(301)

    assert await reason(verifier, signed(old, "old")) == "invalid_signature"


async def outcome(verifier: TokenVerifier, authorization: str) -> str:
    try:
        await verifier.authenticate(authorization)
    except (NotAuthenticated, Unavailable) as refusal:
        return refusal.code
    return "admitted"


async def test_a_flood_of_unknown_names_shares_one_read_and_a_bounded_wait(
    verifier: TokenVerifier, issuer: Issuer, clock: FakeClock, old: RsaKeys
) -> None:
    await verifier.authenticate(signed(old, "old"))
    clock.advance(11)

    async with asyncio.TaskGroup() as group:
        forged = [bearer(access_token(headers={"kid": f"junk-{number}"})) for number in range(300)]
        answers = [group.create_task(outcome(verifier, token)) for token in forged]

    assert issuer.reads == 2
    counts = Counter(task.result() for task in answers)
    assert counts == {"AUTHENTICATION_ERROR": 100, "SERVICE_UNAVAILABLE": 200}


async def test_junk_names_do_not_keep_a_new_key_out(
    verifier: TokenVerifier, issuer: Issuer, old: RsaKeys, new: RsaKeys
) -> None:
    await verifier.authenticate(signed(old, "old"))
    assert await reason(verifier, signed(old, "junk")) == "unknown_key"
    # Published right after a read, whose interval has not passed.
    assert await reason(verifier, signed(new, "new")) == "unknown_key"
    issuer.document = published(old=old, new=new)

    assert (await verifier.authenticate(signed(new, "new"))).user_id == "teacher-1"
    assert issuer.reads == 4


async def test_a_name_is_unknown_only_after_a_read_that_began_later(
    verifier: TokenVerifier, issuer: Issuer, clock: FakeClock, old: RsaKeys, new: RsaKeys
) -> None:
    await verifier.authenticate(signed(old, "old"))
    clock.advance(11)
    issuer.answering.clear()
    async with asyncio.TaskGroup() as group:
        junk = group.create_task(reason(verifier, signed(old, "junk")))
        while issuer.reads < 2:
            await asyncio.sleep(0)
        answered_before = issuer.document
        admitted = group.create_task(verifier.authenticate(signed(new, "new")))
        await asyncio.sleep(0)
        issuer.answer_once = answered_before
        issuer.document = published(old=old, new=new)
        issuer.answering.set()

    assert junk.result() == "unknown_key"
    assert admitted.result().user_id == "teacher-1"


async def test_a_set_that_is_empty_until_the_first_sign_in_refuses_nobody_for_long(
    verifier: TokenVerifier, issuer: Issuer, old: RsaKeys
) -> None:
    full, issuer.document = issuer.document, b'{"keys": []}'
    assert await outcome(verifier, signed(old, "old")) == "SERVICE_UNAVAILABLE"

    issuer.document = full

    assert (await verifier.authenticate(signed(old, "old"))).user_id == "teacher-1"


@pytest.mark.parametrize("answer", [b'{"keys": []}', b"nonsense", DownstreamUnreachable("jwks")])
async def test_an_empty_or_failed_read_leaves_the_last_keys(
    verifier: TokenVerifier,
    issuer: Issuer,
    clock: FakeClock,
    old: RsaKeys,
    answer: bytes | BffError,
) -> None:
    await verifier.authenticate(signed(old, "old"))
    issuer.document = answer
    clock.advance(301)

    assert (await verifier.authenticate(signed(old, "old"))).user_id == "teacher-1"
    assert issuer.reads == 2


async def test_a_failed_read_is_repeated_soon_and_not_for_each_token(
    verifier: TokenVerifier, issuer: Issuer, old: RsaKeys
) -> None:
    issuer.document = DownstreamUnreachable("jwks")

    for _ in range(3):
        async with asyncio.TaskGroup() as group:
            for _ in range(20):
                group.create_task(outcome(verifier, signed(old, "old")))

    assert issuer.reads == 3


async def test_simultaneous_first_tokens_share_one_read(
    verifier: TokenVerifier, issuer: Issuer, old: RsaKeys
) -> None:
    issuer.answering.clear()
    token = signed(old, "old")

    async with asyncio.TaskGroup() as group:
        admitted = [group.create_task(verifier.authenticate(token)) for _ in range(50)]
        await asyncio.sleep(0)
        admitted[0].cancel()
        issuer.answering.set()

    assert issuer.reads == 1
    assert sum(not task.cancelled() for task in admitted) == 49


async def test_the_issuer_away_leaves_the_last_keys_for_a_while(
    verifier: TokenVerifier, issuer: Issuer, clock: FakeClock, old: RsaKeys
) -> None:
    later = int(clock.now().timestamp()) + 100_000
    token = signed(old, "old", exp=later)
    await verifier.authenticate(token)
    issuer.document = DownstreamUnreachable("jwks")

    clock.advance(3599)
    assert (await verifier.authenticate(token)).user_id == "teacher-1"
    clock.advance(2)
    with pytest.raises(Unavailable):
        await verifier.authenticate(token)


async def test_the_issuer_away_at_the_start_is_503(
    verifier: TokenVerifier, issuer: Issuer, clock: FakeClock, old: RsaKeys
) -> None:
    good, issuer.document = issuer.document, DownstreamUnreachable("jwks")

    with pytest.raises(Unavailable):
        await verifier.authenticate(signed(old, "old"))
    issuer.document = good
    clock.advance(11)
    assert (await verifier.authenticate(signed(old, "old"))).user_id == "teacher-1"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda _: b"",
        lambda _: b"not json",
        lambda _: b"[]",
        lambda _: b'{"keys": 7}',
        lambda _: b'{"keys": []}',
        lambda key: json.dumps({"keys": [key | {"kty": "oct"}]}).encode(),
        lambda key: json.dumps({"keys": [key | {"use": "enc"}]}).encode(),
        lambda key: json.dumps({"keys": [key | {"alg": "HS256"}]}).encode(),
        lambda key: json.dumps({"keys": [key | {"n": "AQAB"}]}).encode(),
        lambda key: json.dumps({"keys": [key | {"kid": 7}]}).encode(),
        lambda _: json.dumps({"keys": ["key", None, 7]}).encode(),
    ],
)
async def test_a_document_without_a_usable_key_opens_nothing(
    verifier: TokenVerifier,
    issuer: Issuer,
    old: RsaKeys,
    spoil: Callable[[dict[str, object]], bytes],
) -> None:
    issuer.document = spoil(entry("old", old))

    with pytest.raises((Unavailable, NotAuthenticated)):
        await verifier.authenticate(signed(old, "old"))


async def test_the_public_key_is_no_secret_to_sign_with(
    verifier: TokenVerifier, old: RsaKeys
) -> None:
    claims = {"sub": "victim", "aud": AUDIENCE, "iss": ISSUER, "exp": 4_000_000_000}
    confused = jwt.PyJWS().encode(
        json.dumps(claims).encode(), "x" * 64, algorithm="HS256", headers={"kid": "old"}
    )

    assert await reason(verifier, bearer(confused)) == "invalid_algorithm"


async def test_each_read_is_told(issuer: Issuer, clock: FakeClock) -> None:
    told: list[str] = []
    keys = JwksKeys(issuer, clock, on_fetch=told.append)

    await keys.ensure_key("old")
    issuer.document = b"nonsense"
    clock.advance(301)
    await keys.ensure_key("old")

    issuer.document = b'{"keys": []}'
    clock.advance(2)
    await keys.ensure_key("old")

    assert told == ["read", "failed", "empty"]
