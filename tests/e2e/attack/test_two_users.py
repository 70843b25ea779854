"""However requests of two users mix, nothing of one appears with the other."""

import json
import os
import random
import threading
import time
from collections.abc import Mapping

from bff_core.testing import bearer
from tests.e2e.attack.conftest import Edge, token
from tests.e2e.attack.upstream import RecordedRequest, answer_bytes, http
from tests.e2e.attack.wire import RawResponse, connect, read_response, request

REQUESTS = int(os.environ.get("MIXED_REQUESTS", "1000"))
THREADS = 10
USERS = {"anna": bearer(token("anna")), "erik": bearer(token("erik"))}


def personal(client: object, seen: RecordedRequest) -> bool:
    """An answer that bears its asker's name wherever an answer can bear one."""
    [user] = seen.values("X-User-ID")
    told = {"user": user, "target": seen.target, "authorization": seen.values("Authorization")}
    answer = http(
        body=json.dumps(told).encode() + b" " * random.randrange(5000),
        headers=[("Set-Cookie", f"session={user}"), ("ETag", f'"{user}"')],
    )
    return bool(answer_bytes(answer, keep=True)(client, seen))  # type: ignore[arg-type]  # a socket


def check(user: str, number: int, reply: RawResponse) -> None:
    told = json.loads(reply.body)
    assert told["user"] == user
    assert told["target"] == f"/bff/v1/teacher/mixed?n={number}&of={user}"
    assert told["authorization"] == [USERS[user]]
    assert reply.values("Set-Cookie") == []
    assert reply.values("ETag") == [f'"{user}"']


def run(edge: Edge, numbers: range, wrong: list[str]) -> None:
    try:
        with connect(edge.gateway.port) as client:
            for number in numbers:
                user = random.choice(list(USERS))
                target = f"/bff/v1/teacher/mixed?n={number}&of={user}"
                client.sendall(request("GET", target, [("Authorization", USERS[user])]))
                check(user, number, read_response(client))
    except (AssertionError, OSError, ValueError) as error:
        wrong.append(repr(error))


def test_two_users_never_see_each_other(edge: Edge) -> None:
    edge.teacher.answers["/bff/v1/teacher/mixed"] = personal
    wrong: list[str] = []
    share = REQUESTS // THREADS
    threads = [
        threading.Thread(target=run, args=(edge, range(n * share, (n + 1) * share), wrong))
        for n in range(THREADS)
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)

    assert wrong == []
    assert len(edge.teacher.seen) == share * THREADS
    assert_log_lines_match(edge)


def assert_log_lines_match(edge: Edge) -> None:
    """Each line names the user whose request had its correlation id."""
    users = {
        seen.values("X-Correlation-ID")[0]: seen.values("X-User-ID")[0]
        for seen in edge.teacher.seen
    }
    end = time.monotonic() + 5
    # A line is written after its answer.
    while len(named := logged(edge, users)) < len(users) and time.monotonic() < end:
        time.sleep(0.05)
    assert named == users


def logged(edge: Edge, known: Mapping[str, str]) -> dict[str, str]:
    lines = [json.loads(line) for line in edge.gateway.lines() if line.endswith("}")]
    return {
        line["correlation_id"]: line["user_id"]
        for line in lines
        if line["event"] == "request" and line["correlation_id"] in known
    }
