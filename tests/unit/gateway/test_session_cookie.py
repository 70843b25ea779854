"""The session cookie opens for the ring, the environment and the bytes that it was sealed with."""

import base64
import json

import pytest
from msgspec.structs import replace

from bff_core.errors import InvalidRequest, NotAuthenticated
from services.gateway.implementations.session_cookie import (
    MAX_COOKIE_BYTES,
    CookieFormat,
    SessionKeys,
    SessionSealer,
)
from tests.unit.gateway.sessions import CONTENT

OLD, NEW = "an-old-key-of-more-than-32-characters", "a-new-key-of-more-than-32-characters"


def sealer(*secrets: str, audience: str = "production") -> SessionSealer:
    return SessionSealer(SessionKeys(secrets), audience)


def test_a_sealed_session_opens_as_it_was() -> None:
    sealed = sealer(OLD).seal(CONTENT)

    assert sealer(OLD).open(sealed) == CONTENT


def test_a_cookie_shows_no_token_and_no_person() -> None:
    sealed = sealer(OLD).seal(CONTENT)

    header, *_ = sealed.split(".")
    for part in ("anna", CONTENT.user_id, CONTENT.refresh_token, CONTENT.csrf):
        assert part not in sealed
    assert len(header) < 80


def test_two_cookies_of_one_session_differ() -> None:
    assert sealer(OLD).seal(CONTENT) != sealer(OLD).seal(CONTENT)


@pytest.mark.parametrize("ring", [(NEW, OLD), (OLD, NEW)])
def test_every_key_of_the_ring_opens(ring: tuple[str, ...]) -> None:
    sealed = sealer(OLD).seal(CONTENT)

    assert sealer(*ring).open(sealed) == CONTENT


def test_the_first_key_of_the_ring_seals() -> None:
    sealed = sealer(NEW, OLD).seal(CONTENT)

    assert sealer(NEW).open(sealed) == CONTENT
    with pytest.raises(NotAuthenticated):
        sealer(OLD).open(sealed)


def test_another_environment_with_the_same_key_opens_nothing() -> None:
    sealed = sealer(OLD, audience="staging").seal(replace(CONTENT, audience="staging"))

    with pytest.raises(NotAuthenticated):
        sealer(OLD, audience="production").open(sealed)


def _parts(sealed: str) -> list[str]:
    return sealed.split(".")


def _spliced(index: int) -> str:
    """One cookie with a part of another that the same key has sealed."""
    first, second = (_parts(sealer(OLD).seal(CONTENT)) for _ in range(2))
    first[index] = second[index]
    return ".".join(first)


SEALED = sealer(OLD).seal(CONTENT)


def _with_header(header: bytes) -> str:
    """The cookie with another header before it."""
    written = base64.urlsafe_b64encode(header).decode().rstrip("=")
    return ".".join([written, *_parts(SEALED)[1:]])


HEADERS = {
    "no key id": b'{"alg":"dir","enc":"A256GCM"}',
    "unknown key id": b'{"alg":"dir","enc":"A256GCM","kid":"00000000"}',
    "key id of another kind": b'{"alg":"dir","enc":"A256GCM","kid":["a"]}',
    "no encryption": b'{"alg":"none","kid":"KID"}',
    "another algorithm": b'{"alg":"PBES2-HS256+A128KW","enc":"A256GCM","kid":"KID","p2c":9999999}',
    "weaker encryption": b'{"alg":"dir","enc":"A128GCM","kid":"KID"}',
    "compressed": b'{"alg":"dir","enc":"A256GCM","kid":"KID","zip":"DEF"}',
    "critical": b'{"alg":"dir","enc":"A256GCM","kid":"KID","crit":["x"],"x":1}',
    "no object": b"[]",
    "no JSON": b"{",
    "not UTF-8": b"\xff\xfe",
    "deep": b"[" * 5000,
    "empty": b"",
}
NEWEST = json.loads(base64.urlsafe_b64decode(_parts(SEALED)[0] + "=="))["kid"].encode()


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
def test_the_sender_does_not_choose_how_it_is_opened(header: bytes) -> None:
    with pytest.raises(NotAuthenticated):
        sealer(OLD).open(_with_header(header.replace(b"KID", NEWEST)))


BROKEN = {
    "empty": "",
    "no parts": "abc",
    "dots": "....",
    "cut": SEALED[:-1],
    "cut in half": SEALED[: len(SEALED) // 2],
    "longer": SEALED + "A",
    "a bit of the tag": SEALED[:-2] + ("A" if SEALED[-2] != "A" else "B") + SEALED[-1],
    "another vector": _spliced(2),
    "another text": _spliced(3),
    "another tag": _spliced(4),
    "not base64": "é" + SEALED,
    "white space": SEALED.replace(".", " ."),
    "quoted": f'"{SEALED}"',
}


@pytest.mark.parametrize("sealed", BROKEN.values(), ids=BROKEN)
def test_what_was_not_sealed_here_is_refused(sealed: str) -> None:
    with pytest.raises(NotAuthenticated):
        sealer(OLD).open(sealed)


def test_a_remembered_cookie_is_the_whole_cookie() -> None:
    opener = sealer(OLD)
    first, second = opener.seal(CONTENT), opener.seal(replace(CONTENT, session_id="s-2"))

    for _ in range(2):
        assert opener.open(first).session_id == "s-1"
        assert opener.open(second).session_id == "s-2"
        with pytest.raises(NotAuthenticated):
            opener.open(first[:-1])


@pytest.mark.parametrize(
    ("plain", "cookie"),
    [
        (False, "__Host-session=x; Path=/; HttpOnly; SameSite=Lax; Secure"),
        (True, "session=x; Path=/; HttpOnly; SameSite=Lax"),
    ],
)
def test_a_cookie_is_for_this_host_alone(plain: bool, cookie: str) -> None:
    assert CookieFormat(plain=plain).set("x") == cookie
    assert "Domain" not in cookie


def test_what_a_browser_would_drop_is_not_sent() -> None:
    form = CookieFormat(plain=False)
    longest = MAX_COOKIE_BYTES - len(form.set("") or "")

    assert form.set("x" * longest) is not None
    assert form.set("x" * (longest + 1)) is None
    assert MAX_COOKIE_BYTES < 4096


COOKIES = {
    "": None,
    "other=1": None,
    "session=x": None,
    "__host-session=x": None,
    "x__Host-session=x": None,
    "__Host-session=x": "x",
    "a=1; __Host-session=x; b=2": "x",
    "a=1;__Host-session=x": "x",
    "__Host-session=": "",
}


@pytest.mark.parametrize(("header", "value"), COOKIES.items())
def test_only_a_cookie_of_its_exact_name_is_read(header: str, value: str | None) -> None:
    assert CookieFormat(plain=False).find(header) == value


def test_two_cookies_are_one_too_many() -> None:
    with pytest.raises(InvalidRequest):
        CookieFormat(plain=False).find("__Host-session=x; __Host-session=x")
