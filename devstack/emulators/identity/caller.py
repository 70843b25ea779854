"""Who is calling, as far as the Identity service looks: address, device, correlation id."""

from dataclasses import dataclass
from uuid import UUID

_DEVICE_TYPES = (
    ("mobile", ("mobile", "android")),
    ("ios", ("iphone", "ipad")),
    ("desktop", ("windows", "mac", "linux")),
)
_BROWSERS = (("chrome", "Chrome"), ("firefox", "Firefox"), ("safari", "Safari"), ("edge", "Edge"))


@dataclass(frozen=True, slots=True)
class Caller:
    correlation_id: UUID
    ip: str | None = None
    user_agent: str | None = None


def client_ip(forwarded_for: str | None, peer: str | None) -> str | None:
    """The first of `X-Forwarded-For`, believed as it stands: the platform checks nothing."""
    return forwarded_for.split(",")[0].strip() if forwarded_for else peer


def device(user_agent: str | None) -> tuple[str | None, str | None]:
    """Browser and kind of device, guessed from words; (None, None) without a user agent."""
    if not user_agent:
        return None, None
    words = user_agent.lower()
    browser = next((name for word, name in _BROWSERS if word in words), "Unknown Browser")
    kinds = (kind for kind, signs in _DEVICE_TYPES if any(sign in words for sign in signs))
    return browser, next(kinds, "unknown")
