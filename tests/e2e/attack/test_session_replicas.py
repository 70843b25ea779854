"""Two replicas of the gateway with one Redis know the same sessions, and go on without it."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import msgspec
import pytest
from redis import Redis

from bff_core.auth import ACCESS_TOKENS, RevocationMark, RevocationNotice
from bff_core.context import UserId
from services.gateway.implementations.session_cookie import AccessToken
from tests.e2e.attack.conftest import SESSION_KEYS, Edge
from tests.e2e.attack.process import Gateway, gateway
from tests.e2e.attack.sessions import (
    DASHBOARD,
    SESSION,
    Browser,
    IdentityStandIn,
    browser,
    made_by_hand,
    now,
)
from tests.e2e.attack.upstream import RecordingUpstream, recording
from tests.e2e.attack.wire import connect, read_response, request
from tests.local_servers import running_redis

TABS = 200


class Replicas:
    """Two gateways; `together` as one edge each."""

    def __init__(
        self, gateways: list[Gateway], teacher: RecordingUpstream, identity: RecordingUpstream
    ) -> None:
        self.edges = [Edge(one, teacher, teacher, identity) for one in gateways]
        self.teacher = teacher
        self.identity = IdentityStandIn(identity)
        self.redis_url = gateways[0].environment["REDIS_URL"]


@pytest.fixture(scope="module")
def module_replicas(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replicas]:
    folder: Path = tmp_path_factory.mktemp("replicas")
    with ExitStack() as stack:
        teacher, identity = (stack.enter_context(recording()) for _ in range(2))
        environment = {
            "BFF_TEACHER_URL": teacher.url,
            "IDENTITY_SERVICE_URL": identity.url,
            "API_GATEWAY_SESSION_KEYS": ",".join(SESSION_KEYS),
            # The tabs of the test are more than one person's share.
            "API_GATEWAY_MAX_IN_FLIGHT_PER_USER": str(2 * TABS),
            "REDIS_URL": stack.enter_context(running_redis(folder)),
        }
        gateways = [stack.enter_context(gateway(folder, environment)) for _ in range(2)]
        yield Replicas(gateways, teacher, identity)


@pytest.fixture
def replicas(module_replicas: Replicas) -> Replicas:
    module_replicas.teacher.clear()
    module_replicas.identity.upstream.clear()
    module_replicas.identity.install()
    return module_replicas


def at(edge: Edge, source: Browser) -> Browser:
    """The same cookie jar before another replica."""
    return Browser(edge.gateway, source.cookie, source.csrf)


@pytest.mark.parametrize("left", [30.0, -5.0], ids=["shortly before its end", "after its end"])
def test_two_hundred_tabs_renew_a_token_once(replicas: Replicas, left: float) -> None:
    moment = now().timestamp()
    access = AccessToken(replicas.identity.access("teacher-anna"), moment + left, moment - 10)
    cookie = made_by_hand(access=access, session_id=f"tabs-{left}")
    replicas.identity.held = threading.Event()
    tabs = []
    for number in range(TABS):
        tab = connect(replicas.edges[number % 2].gateway.port, timeout=30)
        tab.sendall(request("GET", DASHBOARD, [("Cookie", cookie)]))
        tabs.append(tab)
    replicas.identity.upstream.settled(1, within=20)

    replicas.identity.held.set()
    replies = [read_response(tab) for tab in tabs]

    for tab in tabs:
        tab.close()
    assert {reply.status for reply in replies} == {200}
    assert len(replicas.identity.calls("refresh")) == 1
    assert len(replicas.teacher.seen) == TABS
    used = {seen.values("Authorization")[0] for seen in replicas.teacher.seen}
    # One that is still good may be used meanwhile.
    assert len(used - {f"Bearer {access.token}"}) == 1


def test_a_sign_out_is_heard_by_the_other_replica(replicas: Replicas) -> None:
    here, there = replicas.edges
    anna = browser(here)
    stolen = at(there, anna)
    assert stolen.send().status == 200

    anna.sign_out()

    assert eventually_refused(stolen)


def test_everywhere_is_heard_by_the_other_replica(replicas: Replicas) -> None:
    here, there = replicas.edges
    laptop, phone = browser(here), browser(there)

    assert laptop.sign_out(f"{SESSION}?everywhere=true").status == 204

    assert eventually_refused(phone)


@pytest.mark.parametrize("admitted", [True, False])
def test_a_mark_of_identity_asks_it_about_the_person(replicas: Replicas, *, admitted: bool) -> None:
    anna = browser(replicas.edges[0])
    replicas.identity.refusal = None if admitted else (403, "IDENTITY_ACCESS_DENIED")
    notice = RevocationNotice([RevocationMark(UserId("teacher-anna"), now().timestamp())])
    with Redis.from_url(replicas.redis_url) as redis:
        redis.publish(ACCESS_TOKENS.channel, msgspec.json.encode(notice))

    reply = anna.send()
    while not replicas.identity.calls("refresh"):
        reply = anna.send()

    assert reply.status == (200 if admitted else 401)
    if admitted:
        assert anna.send().status == 200
        assert len(replicas.identity.calls("refresh")) == 1


def eventually_refused(who: Browser) -> bool:
    """True once the replica has heard; publishing takes a moment."""
    cookie = who.cookie
    for _ in range(200):
        who.cookie = cookie
        if who.send().status == 401:
            return True
        threading.Event().wait(0.01)
    return False


def test_a_replica_that_starts_later_knows_what_has_ended(
    replicas: Replicas, tmp_path: Path
) -> None:
    here, _ = replicas.edges
    anna = browser(here)
    stolen = anna.cookie
    anna.sign_out()
    environment = dict(here.gateway.environment)

    with gateway(tmp_path, environment) as later:
        assert Browser(later, stolen).send().status == 401


def test_without_redis_a_session_goes_on_and_ends_where_it_was_ended(tmp_path: Path) -> None:
    with ExitStack() as stack:
        teacher, identity = (stack.enter_context(recording()) for _ in range(2))
        stand_in = IdentityStandIn(identity)
        stand_in.install()
        with running_redis(tmp_path) as url:
            environment = {
                "BFF_TEACHER_URL": teacher.url,
                "IDENTITY_SERVICE_URL": identity.url,
                "API_GATEWAY_SESSION_KEYS": SESSION_KEYS[0],
                "REDIS_URL": url,
            }
            here, there = (stack.enter_context(gateway(tmp_path, environment)) for _ in range(2))
            anna = Browser(here)
            assert anna.sign_in().status == 200
        other = Browser(there, anna.cookie, anna.csrf)
        due = Browser(there, made_by_hand(access=None, session_id="due"))

        assert (anna.send().status, other.send().status, due.send().status) == (200, 200, 200)
        assert anna.sign_out(f"{SESSION}?everywhere=true").status == 503
        assert Browser(here, other.cookie).send().status == 401
        # The other replica does not hear: the cookie works there until its access token ends.
        assert other.send().status == 200
        assert any("session_mark_not_published" in line for line in here.lines())
