"""Who is asking: token verification, roles and keys."""

from bff_core.auth._jwks import JwksKeys, JwksOptions
from bff_core.auth._keys import StaticKey, key_from
from bff_core.auth._verifier import Claims, TokenRules, TokenVerifier

__all__ = [
    "Claims",
    "JwksKeys",
    "JwksOptions",
    "StaticKey",
    "TokenRules",
    "TokenVerifier",
    "key_from",
]
