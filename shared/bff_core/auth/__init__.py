"""Token verification, roles and keys."""

from bff_core.auth.admin_access import AdminAccess
from bff_core.auth.jwks import JwksKeys
from bff_core.auth.revocations import (
    ACCESS_TOKENS,
    MAX_MARKS,
    RevocationListener,
    RevocationMark,
    RevocationMarks,
    RevocationNotice,
    RevocationPublisher,
    Revocations,
    RevocationTopic,
)
from bff_core.auth.verifier import Claims, KeySource, StaticKey, TokenRules, TokenVerifier, key_from

__all__ = [
    "ACCESS_TOKENS",
    "MAX_MARKS",
    "AdminAccess",
    "Claims",
    "JwksKeys",
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
