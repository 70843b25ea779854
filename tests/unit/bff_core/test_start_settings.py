"""Promises of settings about secrets and addresses that can never work."""

from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import create_async_engine

from bff_core.database_url import DatabaseUrl
from bff_core.settings import ServiceSettings, SettingsError
from services.bff_teacher.config import Settings

SECRET = "a-secret-of-the-tests-that-is-long-enough"
BASE = {
    "ENVIRONMENT": "testing",
    "JWT_SECRET_KEY": SECRET,
    "HULEEDU_INTERNAL_API_KEY": "internal-key-for-tests",
}
REQUIRE = {"dsn": "postgresql://?sslmode=require"}
RS256 = {"JWT_ALGORITHM": "RS256", "JWT_SECRET_KEY": ""}


def load(**more: str) -> Settings:
    return Settings.load(BASE | more)


@pytest.mark.parametrize(
    "broken",
    [
        {"HULEEDU_INTERNAL_API_KEY": "key-that-ends-in-a-newline\n"},
        {"HULEEDU_INTERNAL_API_KEY": "schlüssel"},
        {"JWT_SECRET_KEY": f"{SECRET}\n"},
        {"JWT_SECRET_KEY": f"{SECRET}\n{SECRET}"},
        {"JWT_SECRET_KEY": f'"{SECRET}"'},
        {"JWT_SECRET_KEY": f" {SECRET}"},
        {"JWT_AUDIENCE": ""},
        {"BFF_TEACHER_SERVICE_HOST": ""},
        {"JWT_ISSUER": "huleedu\n"},
        RS256 | {"JWT_JWKS_URL": "identity:7005/.well-known/jwks.json"},
        RS256 | {"JWT_JWKS_URL": "http://identity:port/jwks"},
        {"RESULT_AGGREGATOR_URL": "http://ras:4003\n"},
        {"RESULT_AGGREGATOR_URL": "http://ras:99999"},
        {"RESULT_AGGREGATOR_URL": "http://ras..platform:4003"},
        RS256 | {"JWT_JWKS_URL": f"http://{'i' * 64}.example/jwks"},
        {"REDIS_URL": "localhost:6379"},
        {"REDIS_URL": "redis://localhost:port/0"},
        {"REDIS_URL": "redis://localhost/cache"},
        {"REDIS_URL": "redis://localhost/0?no_such_option=1"},
        {"REDIS_URL": "redis://:geh#eim@localhost/0"},
        {"REDIS_URL": "redis://:geh/eim@localhost/0"},
        {"REDIS_URL": "redis+sentinel://localhost"},
        {"REDIS_URL": "redis+sentinel://localhost:port/bff"},
        {"REDIS_URL": "redis+sentinel://localhost:26379,/bff"},
        {"REDIS_URL": "redis+sentinel://localhost:26379/bff/cache"},
        {"REDIS_URL": "redis+sentinel://localhost:26379/bff?no_such_option=1"},
        {"REDIS_URL": "redis+sentinel://:geh@eim@localhost:26379/b@ff"},
        {"REDIS_URL": "redis+cluster://:geheim@"},
        {"REDIS_URL": "redis+cluster://:geheim@localhost:7000,"},
        {"REDIS_URL": "redis+cluster://:geheim@localhost:7000/1"},
        {"REDIS_URL": "redis+cluster://:geheim@localhost:7000?db=1"},
        {"REDIS_URL": "redis+cluster://:geheim@localhost:7000/bff/0"},
        {"REDIS_URL": "redis+cluster://:geheim@localhost:7000?no_such_option=1"},
        {"REDIS_URL": "rediss+cluster://:geheim@localhost:7000?ssl_cert_reqs=maybe"},
        {"REDIS_URL": "redis+cluster://:geh@eim@localhost:7000/b@ff"},
        {"BFF_TEACHER_SERVICE_LEDGER_URL": "mysql://localhost/x"},
        {"BFF_TEACHER_SERVICE_LEDGER_URL": "postgres://u:geh@eim@localhost/x"},
        {"BFF_TEACHER_SERVICE_LEDGER_URL": "postgres://u:geheim@localhost/x?sslmode=maybe"},
        {"BFF_TEACHER_SERVICE_LEDGER_URL": "postgres://u:geheim@localhost/x?pgbouncer=true"},
    ],
)
def test_what_can_never_work_is_refused_at_start_without_showing_it(broken: dict[str, str]) -> None:
    with pytest.raises(SettingsError) as refusal:
        load(**broken)

    text = str(refusal.value)
    assert "\n" not in text
    assert "geh" not in text
    assert SECRET not in text


@pytest.mark.parametrize(
    "url",
    [
        "redis://localhost",
        "redis://user:p%40ss@localhost:6380/1",
        "redis://:p@ss@localhost/0",
        "rediss://default:secret@cache.example:6380/0?ssl_cert_reqs=none",
        "unix:///run/redis.sock",
    ],
)
def test_redis_urls_of_providers_are_understood(url: str) -> None:
    assert load(REDIS_URL=url).redis_url == url


def test_an_empty_redis_url_is_none() -> None:
    assert load(REDIS_URL="").redis_url is None


def test_an_empty_folder_for_uploads_is_not_the_working_directory() -> None:
    assert load(BFF_TEACHER_SERVICE_UPLOAD_DIR="").upload_dir is None


def test_the_redis_url_is_not_shown() -> None:
    assert "geheim" not in repr(load(REDIS_URL="redis://:geheim@localhost/0"))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("postgres://u:p%40s%2Fs@db:6432/x", {"password": "p@s/s"}),
        ("postgres://u:p/s%ss#?@db/x".replace("?", ""), {"password": "p/s%ss#"}),
        ("postgresql+psycopg2://u@db/x?sslmode=require", REQUIRE),
        ("postgresql://u@db/x?sslmode=require&channel_binding=prefer", REQUIRE),
        ("postgresql://u@db/x?connect_timeout=5", {"database": "x"}),
    ],
)
def test_database_urls_of_providers_are_understood(given: str, expected: dict[str, str]) -> None:
    target = DatabaseUrl.parse(given)

    engine = create_async_engine(target.url, connect_args=dict(target.connect_args))
    _, arguments = engine.dialect.create_connect_args(engine.url)
    arguments.update(target.connect_args)
    assert {name: arguments[name] for name in expected} == expected
    assert arguments["host"] == "db"


def test_every_secret_may_come_from_a_file_whose_last_newline_is_cut(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    for name in Settings.secret_names():
        file.write_text(f"{BASE.get(name, 'redis://localhost/0')}\n")
        if name.endswith("LEDGER_URL"):
            file.write_text("postgres://u:p@db/x\n")
        environ = {key: value for key, value in BASE.items() if key != name}

        Settings.load(environ | {f"{name}_FILE": str(file)})


def test_secrets_are_those_fields_that_are_not_shown() -> None:
    assert Settings.secret_names() == {
        "JWT_SECRET_KEY",
        "REDIS_URL",
        "HULEEDU_INTERNAL_API_KEY",
        "BFF_TEACHER_SERVICE_LEDGER_URL",
        "KAFKA_SASL_PASSWORD",
    }
    assert "JWT_SECRET_KEY" in ServiceSettings.secret_names()


@pytest.mark.parametrize("content", [None, b"\xff\xfe", b"x" * 70_000])
def test_a_secret_file_that_cannot_be_read_is_refused(
    tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "secret"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(SettingsError, match="REDIS_URL_FILE"):
        load(REDIS_URL_FILE=str(file))


def test_a_secret_and_its_file_exclude_each_other(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="exclude each other"):
        load(JWT_SECRET_KEY_FILE=str(tmp_path / "secret"))
