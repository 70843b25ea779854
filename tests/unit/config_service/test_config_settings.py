"""Settings of the config service: invalid environments and their messages."""

from pathlib import Path

import pytest

from bff_core.settings import SettingsError
from services.config_service.config import Settings
from tests.config_service_kit import environment, sqlite_url


def test_defaults_need_secrets_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    environ = environment("")
    del environ["CONFIG_SERVICE_DATABASE_URL"]

    settings = Settings.load(environ)

    assert settings.port == 4103
    assert settings.max_body_bytes == 256 * 1024
    assert str(settings.database.url) == "sqlite+aiosqlite:///config_service.db"
    assert settings.allowed_services == {
        "bff-teacher-service",
        "bff-admin-service",
        "api-gateway-service",
    }


@pytest.mark.parametrize("scheme", ["postgresql", "postgresql+asyncpg", "postgresql+psycopg"])
def test_postgres_is_spoken_to_by_one_driver(scheme: str) -> None:
    settings = Settings.load(environment(f"{scheme}://me:hunter2@db/config"))

    assert settings.database.url.drivername == "postgresql+asyncpg"
    assert "hunter2" not in repr(settings)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("nonsense", "must be sqlite"),
        ("mysql://db/config", "must be sqlite"),
        ("sqlite://", "must name a file"),
        ("sqlite:///:memory:", "must name a file"),
        ("sqlite:////no/such/folder/config.db", "does not exist"),
    ],
)
def test_database_that_keeps_nothing_is_refused(url: str, words: str) -> None:
    with pytest.raises(SettingsError, match=f"CONFIG_SERVICE_DATABASE_URL.*{words}"):
        _ = Settings.load(environment(url)).database.url


def test_callers_are_a_list(tmp_path: Path) -> None:
    callers = {"CONFIG_SERVICE_ALLOWED_SERVICES": "one-service, other-service"}

    settings = Settings.load(environment(sqlite_url(tmp_path), **callers))

    assert settings.allowed_services == {"one-service", "other-service"}


def test_an_empty_folder_of_namespaces_is_not_the_working_directory(tmp_path: Path) -> None:
    settings = Settings.load(
        environment(sqlite_url(tmp_path), CONFIG_SERVICE_NAMESPACE_DIRECTORY="")
    )

    assert settings.namespace_directory is None


@pytest.mark.parametrize("url", ["identity:7005", "", "http://identity:port"])
def test_an_identity_that_nobody_could_ask_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(SettingsError, match="CONFIG_SERVICE_IDENTITY_URL: must "):
        Settings.load(environment(sqlite_url(tmp_path), IDENTITY_SERVICE_URL=url))


@pytest.mark.parametrize("name", ["CONFIG_SERVICE_AUDIT_KEY", "HULEEDU_INTERNAL_API_KEY"])
def test_missing_secret_is_named(tmp_path: Path, name: str) -> None:
    environ = environment(sqlite_url(tmp_path))
    del environ[name]

    with pytest.raises(SettingsError, match=name):
        Settings.load(environ)


def test_short_audit_key_is_refused_in_production(tmp_path: Path) -> None:
    long = "x" * 40
    environ = environment(sqlite_url(tmp_path), ENVIRONMENT="production", JWT_SECRET_KEY=long)

    with pytest.raises(SettingsError, match="CONFIG_SERVICE_AUDIT_KEY is shorter"):
        Settings.load(environ | {"HULEEDU_INTERNAL_API_KEY": long})
