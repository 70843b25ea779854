"""What the websocket service reads from its environment, under the platform's own names."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from devstack.tokens import AUDIENCE, ISSUER

DEFAULT_REDIS_URL = "redis://localhost:6379/0"
PLATFORM_CHANNEL = "ws:{user_id}"
BFF_CHANNEL = "user:{user_id}:events"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebsocketSettings:
    """`channels` are templates of the Redis channels that a user's sockets carry.

    Only the platform's own is listened to as shipped; the devstack turns the teacher BFF's on, too.
    """

    jwt_secret: str = field(repr=False)
    jwt_algorithm: str = "HS256"
    jwt_audience: str = AUDIENCE
    jwt_issuer: str = ISSUER
    redis_url: str = DEFAULT_REDIS_URL
    max_connections_per_user: int = 5
    channels: tuple[str, ...] = (PLATFORM_CHANNEL,)

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> "WebsocketSettings":
        channels = environ.get("DEVSTACK_WEBSOCKET_CHANNELS", PLATFORM_CHANNEL)
        return cls(
            jwt_secret=environ.get("JWT_SECRET_KEY", ""),
            jwt_algorithm=environ.get("JWT_ALGORITHM", "HS256"),
            jwt_audience=environ.get("JWT_AUDIENCE", AUDIENCE),
            jwt_issuer=environ.get("JWT_ISSUER", ISSUER),
            redis_url=environ.get("REDIS_URL", DEFAULT_REDIS_URL),
            max_connections_per_user=int(environ.get("WEBSOCKET_MAX_CONNECTIONS_PER_USER", "5")),
            channels=tuple(channels.split()),
        )
