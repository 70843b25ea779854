"""What every route reads off a request: who calls, with which token, about whom."""

from uuid import UUID, uuid4

from quart import g, request

from devstack.emulators.identity.caller import Caller, client_ip
from devstack.emulators.identity.parts import identity


class NotSignedIn(Exception):
    """Answered 401 with a bare text."""

    def __init__(self, text: str = "Invalid or expired token") -> None:
        super().__init__(text)
        self.text = text


class BadBody(Exception):
    """Answered 400 with a bare text."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


async def note_request() -> None:
    """Give the request its ids before anything else happens to it."""
    g.correlation_id = _uuid(request.headers.get("X-Correlation-ID")) or uuid4()
    g.trace_id = uuid4().hex
    g.span_id = uuid4().hex[:16]


def caller() -> Caller:
    address = client_ip(request.headers.get("X-Forwarded-For"), request.remote_addr)
    return Caller(g.correlation_id, address, request.headers.get("User-Agent"))


def bearer() -> str | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token if scheme == "Bearer" and token else None


def signed_in() -> tuple[UUID, str | None]:
    """User id, and the jti if the token has one (a refresh token is as good as an access token).

    Raises:
        NotSignedIn: No token, or not one of ours.
    """
    token = bearer()
    claims = identity().issuer.verified(token) if token else {}
    user_id, jti = claims.get("sub"), claims.get("jti")
    if not isinstance(user_id, str):
        raise NotSignedIn
    return UUID(user_id), jti if isinstance(jti, str) else None


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
