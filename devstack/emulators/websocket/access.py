"""Who a socket belongs to: the token in its address, as the websocket service checks it."""

import jwt

from devstack.emulators.websocket.settings import WebsocketSettings

_REQUIRED = ["sub", "exp", "iss", "aud"]


def user_of(token: str | None, settings: WebsocketSettings) -> str | None:
    """The token's subject; None when the token is not good.

    A refresh token that carries an audience passes, as it does there.
    """
    if not token or not settings.jwt_secret:
        return None
    try:
        claims = jwt.decode(
            token,
            settings.jwt_secret,
            algorithms=[settings.jwt_algorithm],
            audience=settings.jwt_audience,
            issuer=settings.jwt_issuer,
            options={"require": _REQUIRED},
        )
    except jwt.InvalidTokenError:
        return None
    return str(claims["sub"]) or None
