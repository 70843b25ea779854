"""Settings through the admin BFF: forwarding, refusals and failures of the config service."""

import pytest

from bff_core.testing import ANY, Reply
from tests.faults.admin.answers import FAULTS, LEAK, refusal, reply
from tests.faults.admin.conftest import AdminBff, error_of

TAG = '"0123456789abcdef0123456789abcdef"'
SETTINGS = {
    "namespace": "maintenance",
    "version": 3,
    "etag": TAG,
    "values": {"read_only": False, "ratio": 0.1, "huge": 12345678901234567890},
    "updated_at": "2026-01-31T12:00:00.000000Z",
    "updated_by": "0b8d6f34-2e51-4a1c-9c7e-8f3a1d5e6b72",
}
DIFF = [{"op": "replace", "path": "/read_only", "value": True}]
CHANGE = {**SETTINGS, "version": 4, "dry_run": False, "diff": DIFF}
WRITE = {"values": {"read_only": True}, "reason": "Saturday"}
WHERE = "/settings/maintenance"


async def test_settings_come_as_they_are_with_their_tag(bff: AdminBff) -> None:
    bff.config.on("/v1/settings/maintenance", reply({**SETTINGS, "row": LEAK}, ETag=TAG))

    answer = await bff.ask("GET", WHERE)

    assert (answer.status_code, answer.headers["ETag"]) == (200, TAG)
    assert await answer.get_json() == SETTINGS
    assert answer.headers["Cache-Control"] == "private, no-cache, no-transform"
    headers = bff.config.requests[0].headers
    assert headers["x-service-id"] == "bff-admin-service"
    assert headers["authorization"] == bff.authorization


async def test_settings_that_the_caller_has_are_304(bff: AdminBff) -> None:
    bff.config.on(ANY, Reply(304, b"", {"ETag": TAG}))

    answer = await bff.ask("GET", WHERE, headers={"If-None-Match": f'W/{TAG}, "b"'})

    assert (answer.status_code, await answer.get_data()) == (304, b"")
    assert answer.headers["ETag"] == TAG
    assert bff.config.requests[0].headers["if-none-match"] == f'W/{TAG}, "b"'


async def test_a_write_goes_on_as_it_came(bff: AdminBff) -> None:
    bff.config.on("/v1/settings/maintenance", reply(CHANGE, ETag=TAG))
    conditions = {"If-Match": TAG, "Idempotency-Key": "key-1"}

    answer = await bff.ask("PUT", f"{WHERE}?dry_run=true", WRITE, conditions)

    assert (answer.status_code, await answer.get_json()) == (200, CHANGE)
    sent = bff.config.requests[0]
    assert (sent.method, sent.target) == ("PUT", "/v1/settings/maintenance?dry_run=true")
    assert (sent.headers["if-match"], sent.headers["idempotency-key"]) == (TAG, "key-1")
    assert sent.body.replace(b" ", b"") == b'{"values":{"read_only":true},"reason":"Saturday"}'


async def test_a_write_that_was_done_before_says_so(bff: AdminBff) -> None:
    bff.config.on(ANY, reply(CHANGE, ETag=TAG, Idempotent_Replay="true"))

    body = {"to_version": 2, "reason": "x"}
    answer = await bff.ask("POST", f"{WHERE}/rollback", body, {"If-Match": TAG})

    assert (answer.status_code, answer.headers["Idempotent-Replay"]) == (200, "true")


async def test_a_stale_write_learns_what_it_takes_to_merge(bff: AdminBff) -> None:
    details = {"current_etag": TAG, "current_version": 3, "diff": DIFF, "row": LEAK}
    bff.config.on(ANY, refusal(412, "PRECONDITION_FAILED", details, ETag=TAG))

    answer = await bff.ask("PUT", WHERE, WRITE, {"If-Match": '"old"'})

    error = await error_of(answer)
    assert (answer.status_code, error["code"]) == (412, "PRECONDITION_FAILED")
    assert answer.headers["ETag"] == TAG
    assert error["details"] == {"current_etag": TAG, "current_version": 3, "diff": DIFF}


REFUSALS = {
    "no version named": (428, "PRECONDITION_REQUIRED", {"current_etag": TAG}),
    "values that do not fit": (
        400,
        "VALIDATION_ERROR",
        {
            "errors": [{"pointer": "/values/read_only", "message": "Must be a boolean"}],
            "error_count": 1,
        },
    ),
    "a key of another request": (409, "CONFLICT", {"reason": "idempotency_key_reused"}),
    "an unknown namespace": (404, "RESOURCE_NOT_FOUND", {}),
    "too large": (413, "PAYLOAD_TOO_LARGE", {"limit_bytes": 262144}),
    "an odd tag": (400, "INVALID_REQUEST", {}),
}


@pytest.mark.parametrize("name", REFUSALS)
async def test_every_refusal_reaches_the_admin(bff: AdminBff, name: str) -> None:
    status, code, details = REFUSALS[name]
    bff.config.on(ANY, refusal(status, code, details))

    answer = await bff.ask("PUT", WHERE, WRITE)

    error = await error_of(answer)
    assert (answer.status_code, error["code"], error["details"]) == (status, code, details)


@pytest.mark.parametrize("namespace", ["..", "%2e%2e", "Upper", "a%2Fb", "a" * 64, "%00"])
async def test_a_name_that_no_file_defines_is_not_asked_for(bff: AdminBff, namespace: str) -> None:
    answer = await bff.ask("GET", f"/settings/{namespace}")

    assert answer.status_code == 404
    assert bff.config.requests == []


READS = ["/settings", WHERE, f"{WHERE}/schema", f"{WHERE}/versions", f"{WHERE}/versions/1"]


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_read_of_a_faulty_config_service_is_a_5xx(bff: AdminBff, fault: str) -> None:
    bff.config.on(ANY, FAULTS[fault])

    for path in READS[:2] if fault == "hangs" else READS:
        if (fault, path) == ("answers another shape", f"{WHERE}/schema"):
            continue
        answer = await bff.ask("GET", path)

        error = await error_of(answer)
        assert 502 <= answer.status_code <= 504, path
        assert error["details"]["service"] == "config_service"
        assert LEAK not in repr(error)


UNKNOWN_OUTCOMES = [fault for fault in FAULTS if not fault.startswith(("refuses", "knows"))]


@pytest.mark.parametrize("fault", UNKNOWN_OUTCOMES)
async def test_a_write_without_an_answer_says_that_it_may_be_done(
    bff: AdminBff, fault: str
) -> None:
    bff.config.on(ANY, FAULTS[fault])

    answer = await bff.ask("PUT", WHERE, WRITE, {"If-Match": TAG, "Idempotency-Key": "k"})

    error = await error_of(answer)
    assert 502 <= answer.status_code <= 504
    assert error["details"]["outcome"] == "unknown"
    assert len(bff.config.requests) == 1


async def test_a_write_on_a_connection_that_died_is_sent_once(bff: AdminBff) -> None:
    bff.config.on(ANY, reply(CHANGE, ETag=TAG), Reply(raw=b""))
    await bff.ask("PUT", WHERE, WRITE, {"If-Match": TAG})

    answer = await bff.ask("PUT", WHERE, WRITE, {"If-Match": TAG})

    assert (await error_of(answer))["details"]["outcome"] == "unknown"
    assert len(bff.config.requests) == 2


async def test_a_write_that_could_not_be_sent_was_not_done(unreachable_services: AdminBff) -> None:
    answer = await unreachable_services.ask("PUT", WHERE, WRITE, {"If-Match": TAG})

    assert answer.status_code == 503
    assert "outcome" not in (await error_of(answer))["details"]
