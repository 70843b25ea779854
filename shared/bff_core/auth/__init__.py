"""Token verification, roles and keys."""

from bff_core.auth.jwks import JwksKeys, JwksOptions
from bff_core.auth.keys import KeySource, StaticKey, key_from
from bff_core.auth.verifier import Claims, TokenRules, TokenVerifier

__all__ = [
    "Claims",
    "JwksKeys",
    "JwksOptions",
    "KeySource",
    "StaticKey",
    "TokenRules",
    "TokenVerifier",
    "key_from",
]
