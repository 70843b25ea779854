"""A key set as an issuer publishes it, and the issuer."""

import asyncio
import json

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from jwt.algorithms import RSAAlgorithm

from bff_core.errors import BffError
from bff_core.testing import RsaKeys


def published(**keys: RsaKeys) -> bytes:
    return json.dumps({"keys": [entry(kid, pair) for kid, pair in keys.items()]}).encode()


def entry(kid: str, pair: RsaKeys) -> dict[str, object]:
    public = load_pem_public_key(pair.public.encode())
    assert isinstance(public, RSAPublicKey)
    return {**RSAAlgorithm.to_jwk(public, as_dict=True), "kid": kid, "alg": "RS256", "use": "sig"}


class Issuer:
    """Publishes a document and counts how often it is read."""

    def __init__(self, document: bytes) -> None:
        self.document: bytes | BffError = document
        self.answer_once: bytes | BffError | None = None
        self.reads = 0
        self.answering = asyncio.Event()
        self.answering.set()

    async def __call__(self) -> bytes:
        self.reads += 1
        await self.answering.wait()
        document, self.answer_once = self.answer_once or self.document, None
        if isinstance(document, BffError):
            raise document
        return document
