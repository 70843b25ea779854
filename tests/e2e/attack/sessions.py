"""Browsers with a session cookie, an Identity behind the gateway, and cookies made by hand."""

import json
import socket
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import jwt
from msgspec.structs import replace

from bff_core.clock import SystemClock
from bff_core.context import UserId
from bff_core.testing import access_token, refresh_token
from services.gateway.implementations.session_cookie import (
    AccessToken,
    SessionContent,
    SessionKeys,
    SessionSealer,
)
from tests.e2e.attack.conftest import SESSION_KEYS, Edge
from tests.e2e.attack.process import Gateway
from tests.e2e.attack.upstream import RecordedRequest, RecordingUpstream, http
from tests.e2e.attack.wire import RawResponse, request

COOKIE = "__Host-session"
OWN = ("Origin", "https://gateway.example")
JSON = ("Content-Type", "application/json")
DASHBOARD = "/bff/v1/teacher/dashboard"
CONFIRM = "/bff/v1/teacher/batches/b-1/associations/confirm"
SESSION = "/v1/session"
EVENTS = "/bff/v1/teacher/events"

Headers = list[tuple[str, str]]


def now() -> datetime:
    return SystemClock().now()


@dataclass
class IdentityStandIn:
    """Signs anyone in, renews and ends sessions; `refusal`, `is_down` and `held` are of renewals."""

    upstream: RecordingUpstream
    lifetime: float = 3600
    refusal: tuple[int, str] | None = None
    is_down: bool = False
    held: threading.Event | None = None

    def install(self) -> None:
        self.lifetime, self.refusal, self.is_down, self.held = 3600, None, False, None
        self.upstream.answers |= {
            "/v1/auth/login": self._login,
            "/v1/auth/refresh": self._refresh,
            "/v1/auth/logout": self._logout,
        }
        for name in ("anna", "erik"):
            self.upstream.answers[f"/v1/users/teacher-{name}/profile"] = self._profile

    def calls(self, operation: str) -> list[RecordedRequest]:
        path = f"/v1/auth/{operation}"
        return [seen for seen in list(self.upstream.seen) if seen.target == path]

    def access(self, user: str) -> str:
        expiry = now().timestamp() + self.lifetime
        return access_token(user, now=now(), exp=expiry)

    def _login(self, client: socket.socket, seen: RecordedRequest) -> bool:
        given = json.loads(seen.body)
        if given["password"] != "right":
            return _refuse(client, 400, "IDENTITY_INVALID_CREDENTIALS")
        user = "teacher-" + given["email"].partition("@")[0]
        tokens = {
            "access_token": self.access(user),
            "refresh_token": refresh_token(user, now=now()),
        }
        return _send(client, 200, tokens | {"token_type": "Bearer", "expires_in": 3600})

    def _refresh(self, client: socket.socket, seen: RecordedRequest) -> bool:
        if self.held is not None:
            self.held.wait(10)
        if self.is_down:
            return _refuse(client, 503, "SERVICE_UNAVAILABLE")
        if self.refusal is not None:
            return _refuse(client, *self.refusal)
        user = _subject_of(json.loads(seen.body)["refresh_token"])
        token = {"access_token": self.access(user), "token_type": "Bearer", "expires_in": 3600}
        return _send(client, 200, token)

    def _logout(self, client: socket.socket, _: RecordedRequest) -> bool:
        return _send(client, 200, {"message": "Logout successful"})

    def _profile(self, client: socket.socket, seen: RecordedRequest) -> bool:
        first = seen.target.split("/")[3].removeprefix("teacher-").capitalize()
        name = {"first_name": first, "last_name": "Ek"}
        return _send(client, 200, {"person_name": name, "display_name": None})


def _subject_of(token: str) -> str:
    subject: str = jwt.decode(token, options={"verify_signature": False})["sub"]
    return subject


def _send(client: socket.socket, status: int, body: Mapping[str, object]) -> bool:
    client.sendall(http(status, json.dumps(body).encode()))
    return True


def _refuse(client: socket.socket, status: int, code: str) -> bool:
    return _send(client, status, {"error": {"code": code, "message": "no"}})


@dataclass
class Browser:
    """One cookie jar before one gateway, and the page's CSRF token."""

    gateway: Gateway
    cookie: str | None = None
    csrf: str = ""

    def sign_in(
        self, name: str = "anna", *, password: str = "right", headers: Headers | None = None
    ) -> RawResponse:
        body = json.dumps({"email": f"{name}@skola.example", "password": password}).encode()
        reply = self.send("POST", SESSION, [JSON, OWN, *(headers or [])], body)
        if reply.status == 200:
            self.csrf = json.loads(reply.body)["csrf"]
        return reply

    def send(
        self,
        method: str = "GET",
        target: str = DASHBOARD,
        headers: Headers | None = None,
        body: bytes = b"",
    ) -> RawResponse:
        """Send with the cookie, as it is, and keep the one of the answer."""
        jar = [("Cookie", self.cookie)] if self.cookie else []
        reply = self.gateway.ask(request(method, target, [*jar, *(headers or [])], body))
        for value in reply.values("Set-Cookie"):
            pair = value.partition(";")[0]
            self.cookie = None if "Max-Age=0" in value else pair
        return reply

    def write(
        self, method: str = "POST", target: str = CONFIRM, body: bytes = b"{}"
    ) -> RawResponse:
        """A write of the site's own page."""
        return self.send(method, target, [OWN, ("X-CSRF", self.csrf), JSON], body)

    def sign_out(self, target: str = SESSION) -> RawResponse:
        return self.send("DELETE", target, [OWN, ("X-CSRF", self.csrf)])


def reason_of(reply: RawResponse) -> str:
    reason: str = reply.error["details"]["reason"]
    return reason


def browser(edge: Edge, name: str = "anna") -> Browser:
    """A browser that has signed in."""
    made = Browser(edge.gateway)
    assert made.sign_in(name).status == 200
    return made


def made_by_hand(*, key: str = SESSION_KEYS[0], audience: str = "testing", **fields: Any) -> str:
    """A cookie as the gateway with this key and environment would seal it."""
    at = now().timestamp()
    user = fields.pop("user", "teacher-anna")
    content = SessionContent(
        audience=audience,
        session_id="by-hand",
        csrf="by-hand",
        user_id=UserId(user),
        email="anna@skola.example",
        name=None,
        created_at=at,
        expires_at=at + 3600,
        seen_at=at,
        refresh_token=refresh_token(user, now=now()),
        access=AccessToken(access_token(user, now=now()), at + 3600, at + 3500),
    )
    sealer = SessionSealer(SessionKeys([key]), audience)
    return f"{COOKIE}={sealer.seal(replace(content, **fields))}"
