"""Token verification, roles and keys."""

from bff_core.auth.admin_access import HttpAdminAccess
from bff_core.auth.jwks import JwksKeys, JwksOptions
from bff_core.auth.keys import KeySource, StaticKey, key_from
from bff_core.auth.revocation_listener import RevocationListener
from bff_core.auth.revocation_publisher import RevocationPublisher
from bff_core.auth.revocations import (
    ACCESS_TOKENS,
    CHANNEL,
    KEPT_KEY,
    MAX_MARKS,
    AdminAccess,
    RevocationMark,
    RevocationMarks,
    RevocationNotice,
    Revocations,
    RevocationTopic,
)
from bff_core.auth.verifier import Claims, TokenRules, TokenVerifier

__all__ = [
    "ACCESS_TOKENS",
    "CHANNEL",
    "KEPT_KEY",
    "MAX_MARKS",
    "AdminAccess",
    "Claims",
    "HttpAdminAccess",
    "JwksKeys",
    "JwksOptions",
    "KeySource",
    "RevocationListener",
    "RevocationMark",
    "RevocationMarks",
    "RevocationNotice",
    "RevocationPublisher",
    "RevocationTopic",
    "Revocations",
    "StaticKey",
    "TokenRules",
    "TokenVerifier",
    "key_from",
]
