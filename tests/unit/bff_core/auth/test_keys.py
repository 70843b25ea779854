"""Keys: read from where the settings say, or refused by the variable's name."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from bff_core.app import verifier_from
from bff_core.auth import key_from
from bff_core.settings import ServiceSettings, SettingsError
from bff_core.testing import SECRET, FakeClock, RsaKeys, access_token, bearer
from tests.verified_tokens import verified


@pytest.fixture(scope="module")
def keys() -> RsaKeys:
    return RsaKeys.generate()


def settings(**environ: str) -> ServiceSettings:
    return ServiceSettings.load({"PORT": "4999", "JWT_ALGORITHM": "RS256"} | environ)


def test_secret_is_the_key() -> None:
    read = settings(JWT_ALGORITHM="HS256", JWT_SECRET_KEY=SECRET)

    assert verified(verifier_from(read, FakeClock()), bearer(access_token())).user_id == "teacher-1"


def test_public_key_is_read_from_its_variable(keys: RsaKeys) -> None:
    verifier = verifier_from(settings(JWT_PUBLIC_KEY=keys.public), FakeClock())

    token = access_token(key=keys.private, algorithm="RS256")

    assert verified(verifier, bearer(token)).user_id == "teacher-1"


@pytest.mark.parametrize("name", ["JWT_SECRET_KEY", "JWT_JWKS_URL", "JWT_PUBLIC_KEY_PATH"])
def test_empty_variable_beside_a_public_key_is_as_unset(name: str, keys: RsaKeys) -> None:
    read = settings(JWT_PUBLIC_KEY=keys.public, **{name: ""})

    token = access_token(key=keys.private, algorithm="RS256")

    assert verified(verifier_from(read, FakeClock()), bearer(token)).user_id == "teacher-1"


def test_public_key_is_read_from_its_file(keys: RsaKeys, tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    path.write_text(keys.public)
    verifier = verifier_from(settings(JWT_PUBLIC_KEY_PATH=str(path)), FakeClock())

    token = access_token(key=keys.private, algorithm="RS256")

    assert verified(verifier, bearer(token)).user_id == "teacher-1"


@pytest.mark.parametrize("text", ["", "not a key", "-----BEGIN PUBLIC KEY-----\nxx\n", "ö"])
def test_broken_key_file_is_refused_by_its_variable(text: str, tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    path.write_text(text)

    with pytest.raises(SettingsError, match=r"^JWT_PUBLIC_KEY_PATH"):
        key_from(settings(JWT_PUBLIC_KEY_PATH=str(path)))


def test_absent_key_file_is_refused_by_its_variable(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"^JWT_PUBLIC_KEY_PATH"):
        key_from(settings(JWT_PUBLIC_KEY_PATH=str(tmp_path / "absent")))


def test_broken_key_is_refused_by_its_variable() -> None:
    with pytest.raises(SettingsError, match=r"^JWT_PUBLIC_KEY cannot be read"):
        key_from(settings(JWT_PUBLIC_KEY="not a key"))


def test_private_key_is_no_public_one(keys: RsaKeys) -> None:
    with pytest.raises(SettingsError, match=r"^JWT_PUBLIC_KEY "):
        key_from(settings(JWT_PUBLIC_KEY=keys.private))


def test_key_of_another_kind_is_refused() -> None:
    public = generate_private_key(SECP256R1()).public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    with pytest.raises(SettingsError, match=r"^JWT_PUBLIC_KEY is not an RSA key"):
        key_from(settings(JWT_PUBLIC_KEY=pem))
