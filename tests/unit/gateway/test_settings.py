"""The gateway's settings, under every name that the platform gives them."""

from pathlib import Path

import pytest

from bff_core.settings import SettingsError
from bff_core.testing import SECRET
from services.gateway.config import Settings

LEAST = {"ENVIRONMENT": "testing", "JWT_SECRET_KEY": SECRET}
URL = "http://elsewhere:1"
NAMES = {
    "BFF_TEACHER_URL": "bff_teacher",
    "BFF_TEACHER_SERVICE_URL": "bff_teacher",
    "API_GATEWAY_BFF_TEACHER_URL": "bff_teacher",
    "API_GATEWAY_BFF_TEACHER__URL": "bff_teacher",
    "BFF_ADMIN_URL": "bff_admin",
    "API_GATEWAY_BFF_ADMIN_URL": "bff_admin",
    "IDENTITY_SERVICE_URL": "identity",
    "API_GATEWAY_IDENTITY_SERVICE_URL": "identity",
}


@pytest.mark.parametrize(("name", "field"), NAMES.items())
def test_a_service_has_its_address_from_any_of_its_names(name: str, field: str) -> None:
    assert getattr(Settings.load(LEAST | {name: URL}), field).url == URL


@pytest.mark.parametrize(
    "given", ["https://a.example,https://b.example", '["https://a.example", "https://b.example"]']
)
def test_origins_are_a_list_of_either_kind(given: str) -> None:
    settings = Settings.load(LEAST | {"API_GATEWAY_CORS_ORIGINS": given})

    assert settings.origins == ("https://a.example", "https://b.example")


def test_a_front_end_in_development_may_call_and_nobody_in_production() -> None:
    origins = Settings.load(LEAST).origins

    assert {"http://localhost:3000", "http://127.0.0.1:5174", "http://[::1]:5179"} <= set(origins)
    assert len(origins) == 27
    production = {"ENVIRONMENT": "production", "API_GATEWAY_SESSION_KEYS": SECRET}
    assert Settings.load(LEAST | production).origins == ()


BAD = {
    "API_GATEWAY_CORS_ORIGINS": ["*", "skola.example", "https://a.example/path", "ftp://a"],
    "TRUSTED_PROXIES": ["everybody", "10.0.0.0/99"],
    "BFF_TEACHER_URL": ["elsewhere", "ftp://x", "http://user@x"],
}


@pytest.mark.parametrize(("name", "value"), [(n, v) for n, vs in BAD.items() for v in vs])
def test_what_is_no_such_thing_stops_the_start(name: str, value: str) -> None:
    with pytest.raises(SettingsError):
        Settings.load(LEAST | {name: value})


KEY = "a-session-key-of-thirty-two-characters"


@pytest.mark.parametrize("between", [",", ", ", "\n", "\r\n"])
def test_keys_of_sessions_are_a_ring(between: str) -> None:
    settings = Settings.load(LEAST | {"API_GATEWAY_SESSION_KEYS": f"{KEY}1{between}{KEY}2\n"})

    assert settings.session_secrets == (f"{KEY}1", f"{KEY}2")


def test_keys_of_sessions_may_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text(f"{KEY}1\n{KEY}2\n")

    settings = Settings.load(LEAST | {"API_GATEWAY_SESSION_KEYS_FILE": str(file)})

    assert settings.session_secrets == (f"{KEY}1", f"{KEY}2")
    assert KEY not in repr(settings)


@pytest.mark.parametrize("given", ["", "short", f"{KEY},short", f"{KEY},changeme", "demo-only-key"])
def test_weak_keys_of_sessions_stop_the_start(given: str) -> None:
    with pytest.raises(SettingsError, match="API_GATEWAY_SESSION_KEYS") as refusal:
        Settings.load(LEAST | {"ENVIRONMENT": "production", "API_GATEWAY_SESSION_KEYS": given})

    assert KEY not in str(refusal.value)


def test_development_needs_no_key_of_sessions() -> None:
    assert Settings.load(LEAST).session_secrets == ()
