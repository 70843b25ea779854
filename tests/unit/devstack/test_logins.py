import json
import re
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from devstack.cli.logins import email_of, fetch_token, first_call
from devstack.errors import DevstackError

FAKE_CURL = """#!/bin/sh
case "$*" in
  *login*) printf '%s' '{"refresh_token": "no", "access_token": "a.b-c_d", "token_type": "Bearer"}' ;;
  *) printf '%s\\n' "$@" ;;
esac
"""


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_first_call_works_when_pasted(tmp_path: Path, shell: str) -> None:
    curl = tmp_path / "curl"
    curl.write_text(FAKE_CURL)
    curl.chmod(0o755)

    pasted = subprocess.run(
        [shell],
        input=first_call("http://127.0.0.1:8080") + "\n",
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=10,
        check=False,
    )

    assert "http://127.0.0.1:8080/bff/v1/teacher/dashboard" in pasted.stdout, pasted.stderr
    assert "Authorization: Bearer a.b-c_d" in pasted.stdout


@pytest.mark.parametrize(
    "user", ["anna", "ANNA", "anna.lindqvist", "anna.lindqvist@demo.huleedu.se"]
)
def test_user_is_found_by_how_the_address_begins(user: str) -> None:
    assert email_of(user) == "anna.lindqvist@demo.huleedu.se"


@pytest.mark.parametrize("user", ["", "a", "nobody"])
def test_user_that_is_none_or_several_is_told_who_there_is(user: str) -> None:
    with pytest.raises(DevstackError, match=r"anna\.lindqvist, erik\.holm, sara\.nyberg, admin"):
        email_of(user)


@pytest.mark.parametrize(
    "url", ["127.0.0.1:8080", "https://127.0.0.1:8080", "http://", "http://x:y"]
)
def test_login_elsewhere_needs_a_base_url(url: str) -> None:
    with pytest.raises(DevstackError, match=re.escape(f"{url} is not a base URL")):
        fetch_token(url, "a@b", "p")


def test_refused_login_says_why(refusing_gateway: str) -> None:
    told = "The login of a@b was refused with 429: Too many requests."
    with pytest.raises(DevstackError, match=re.escape(told)):
        fetch_token(refusing_gateway, "a@b", "p")


@pytest.fixture
def refusing_gateway() -> Iterator[str]:
    """A gateway that lets nobody sign in any more this minute."""
    body = json.dumps({"error": {"code": "RATE_LIMIT", "message": "Too many requests"}}).encode()
    answer = b"HTTP/1.1 429 Too Many\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def refuse() -> None:
            caller, _ = server.accept()
            with caller:
                caller.recv(65_536)
                caller.sendall(answer)

        thread = threading.Thread(target=refuse)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        thread.join()


def test_other_addresses_are_taken_as_they_are() -> None:
    assert email_of("mine@example.org") == "mine@example.org"
