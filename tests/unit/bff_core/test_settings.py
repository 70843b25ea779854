"""Settings: read once, frozen, and refused by variable name when they do not fit."""

from typing import ClassVar

import pytest
from pydantic import BaseModel, Field, SecretStr, ValidationError
from pydantic_settings import SettingsConfigDict

from bff_core.settings import Downstream, Operation, ServiceSettings, SettingsError, variable_names

SECRET = "s3cret-of-our-own-that-nobody-would-guess"


class Breaker(BaseModel):
    calls: int = 20
    rate: float = 0.5


class Example(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="EXAMPLE_SERVICE_")
    aliases: ClassVar = {"RESULTS_URL": "EXAMPLE_SERVICE_RAS__URL"}

    port: int = Field(4999, ge=1, le=65535)
    ras: Downstream = Downstream(name="ras", url="http://localhost:4003")
    listing: Operation = Operation(budget=2.0, attempts=2, max_age=2.0)
    breaker: Breaker = Breaker()
    api_key: SecretStr | None = None


def load(**environ: str) -> Example:
    return Example.load({"JWT_SECRET_KEY": SECRET} | environ)


def refusal(**environ: str) -> str:
    with pytest.raises(SettingsError) as refused:
        load(**environ)
    return str(refused.value)


def test_defaults_stand_when_nothing_is_set() -> None:
    settings = load()

    assert (settings.port, settings.environment, settings.request_budget) == (4999, "production", 3)


def test_alias_gives_its_value_to_our_name() -> None:
    assert load(RESULTS_URL="http://ras:1").ras.url == "http://ras:1"


def test_own_spelling_wins_over_the_alias() -> None:
    settings = load(RESULTS_URL="http://ras:1", EXAMPLE_SERVICE_RAS__URL="http://ras:2")

    assert settings.ras.url == "http://ras:2"


def test_nested_value_keeps_its_siblings_defaults() -> None:
    settings = load(EXAMPLE_SERVICE_LISTING__BUDGET="0.5", EXAMPLE_SERVICE_BREAKER__RATE="0.9")

    assert settings.listing == Operation(budget=0.5, attempts=2, max_age=2.0)
    assert settings.breaker == Breaker(calls=20, rate=0.9)


def test_nested_value_as_json_keeps_its_siblings_defaults() -> None:
    assert load(EXAMPLE_SERVICE_LISTING='{"budget": 0.5}').listing.attempts == 2


def test_lower_case_names_count() -> None:
    assert load(example_service_port="5000").port == 5000


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("EXAMPLE_SERVICE_PORT", "tcp://10.0.0.1:4101"),
        ("EXAMPLE_SERVICE_PORT_4101_TCP", "tcp://10.0.0.1:4101"),
        ("EXAMPLE_SERVICE_PORT_4101_TCP_PORT", "4101"),
        ("EXAMPLE_SERVICE_PORT_4101_TCP_ADDR", "10.0.0.1"),
        ("EXAMPLE_SERVICE_PORT_4101_TCP_PROTO", "tcp"),
    ],
)
def test_kubernetes_link_is_ignored(
    name: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert load(**{name: value}).port == 4999
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("EXAMPLE_SERVICE_PROT", "EXAMPLE_SERVICE_PORT"),
        ("EXAMPLE_SERVICE_RAS__ULR", "EXAMPLE_SERVICE_RAS__URL"),
        ("JWT_SECRET_KEYS", "JWT_SECRET_KEY"),
        ("RESULT_URL", "RESULTS_URL"),
        ("ENVIROMENT", "ENVIRONMENT"),
    ],
)
def test_misspelled_name_is_refused_with_a_suggestion(name: str, meant: str) -> None:
    assert refusal(**{name: "1"}) == f"{name} is not a setting; did you mean {meant}?"


def test_unknown_name_with_our_prefix_is_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    load(EXAMPLE_SERVICE_COLOUR_OF_THE_SKY="hidden")

    warning = capsys.readouterr().err

    assert "EXAMPLE_SERVICE_COLOUR_OF_THE_SKY" in warning
    assert "hidden" not in warning


def test_strangers_without_our_prefix_are_nobody_s_business(
    capsys: pytest.CaptureFixture[str],
) -> None:
    load(
        PATH="/bin",
        HOME="/root",
        HOSTNAME="pod-1",
        _="python",
        TERM="x",
        LOGNAME="a",
        OTHER_SERVICE_COLOUR="red",
    )

    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("EXAMPLE_SERVICE_PORT", "not-a-port-77"),
        ("EXAMPLE_SERVICE_PORT", "0"),
        ("EXAMPLE_SERVICE_REQUEST_BUDGET", "-77"),
        ("EXAMPLE_SERVICE_REQUEST_BUDGET", "nan"),
        ("EXAMPLE_SERVICE_RAS__URL", "ftp://value-77"),
        ("EXAMPLE_SERVICE_RAS__URL", "http://user:value-77@host"),
        ("EXAMPLE_SERVICE_RAS__URL", "http://host/?value-77"),
        ("EXAMPLE_SERVICE_LISTING__BUDGET", "0"),
        ("EXAMPLE_SERVICE_LISTING__ATTEMPTS", "value-77"),
        ("EXAMPLE_SERVICE_RAS", "value-77"),
        ("EXAMPLE_SERVICE_BREAKER", "[77]"),
        ("ENVIRONMENT", "value-77"),
        ("LOG_LEVEL", "value-77"),
        ("LOG_FORMAT", "value-77"),
        ("JWT_ALGORITHM", "none"),
        ("JWT_ALGORITHM", "HS512"),
    ],
)
def test_value_that_does_not_fit_names_its_variable_and_not_itself(name: str, value: str) -> None:
    said = refusal(**{name: value})

    assert name in said
    assert "77" not in said
    assert "\n" not in said


def test_every_fault_is_told_at_once() -> None:
    said = refusal(EXAMPLE_SERVICE_PORT="x", LOG_LEVEL="x", EXAMPLE_SERVICE_LISTING__BUDGET="x")

    for name in ("EXAMPLE_SERVICE_PORT", "LOG_LEVEL", "EXAMPLE_SERVICE_LISTING__BUDGET"):
        assert name in said


def test_nested_name_we_do_not_know_is_refused_by_variable() -> None:
    said = refusal(EXAMPLE_SERVICE_RAS__COLOUR="red")

    assert "EXAMPLE_SERVICE_RAS__COLOUR" in said


@pytest.mark.parametrize("environment", ["production", "staging"])
@pytest.mark.parametrize(
    "secret",
    ["changeme", "test-secret-key", "your-secret-key-here", "demo-only-" + "x" * 32, "x" * 31],
)
def test_guessable_secret_is_refused_without_being_told(environment: str, secret: str) -> None:
    said = refusal(JWT_SECRET_KEY=secret, ENVIRONMENT=environment)

    assert said.startswith("JWT_SECRET_KEY")
    assert secret not in said


@pytest.mark.parametrize("environment", ["development", "testing"])
def test_guessable_secret_will_do_for_development(environment: str) -> None:
    assert load(JWT_SECRET_KEY="changeme", ENVIRONMENT=environment).environment.lenient


@pytest.mark.parametrize("environment", ["development", "production"])
def test_missing_secret_is_refused_everywhere(environment: str) -> None:
    assert refusal(JWT_SECRET_KEY="", ENVIRONMENT=environment) == "JWT_SECRET_KEY is not set"


@pytest.mark.parametrize("name", ["JWT_PUBLIC_KEY", "JWT_PUBLIC_KEY_PATH"])
def test_secret_beside_a_public_key_is_refused(name: str) -> None:
    said = refusal(**{name: "key-77"})

    assert "exclude each other" in said
    assert "77" not in said


def test_rs256_without_a_public_key_is_refused() -> None:
    assert "JWT_PUBLIC_KEY" in refusal(JWT_ALGORITHM="RS256", JWT_SECRET_KEY="")


def test_rs256_with_a_public_key_loads() -> None:
    settings = load(JWT_ALGORITHM="RS256", JWT_SECRET_KEY="", JWT_PUBLIC_KEY_PATH="key.pem")

    assert settings.jwt_public_key_path == "key.pem"


def test_service_secret_is_named_by_its_own_variable() -> None:
    settings = load()

    with pytest.raises(SettingsError, match=r"^EXAMPLE_SERVICE_API_KEY is shorter than 32"):
        settings.require_secrets({"EXAMPLE_SERVICE_API_KEY": SecretStr("short")})


def test_secrets_that_are_missing_are_named_all_at_once() -> None:
    settings = load()

    with pytest.raises(SettingsError, match=r"^A is not set; B is shorter than .*; C is not set$"):
        settings.require_secrets({"A": None, "B": SecretStr("short"), "C": SecretStr("")})


def test_settings_and_their_values_never_change() -> None:
    settings = load()

    with pytest.raises(ValidationError):
        settings.port = 1  # type: ignore[misc]  # what must fail
    with pytest.raises(ValidationError):
        settings.ras.url = "http://elsewhere"


def test_printed_settings_hold_no_secret() -> None:
    assert SECRET not in repr(load()) + str(load())


def test_a_refusal_is_variable_and_reason_alone() -> None:
    with pytest.raises(SettingsError, match=r"^REDIS_URL: must begin with redis://"):
        load(REDIS_URL="http://127.0.0.1")


def test_docs_are_off_in_production_unless_asked_for() -> None:
    shown = [
        load().shows_docs,
        load(EXAMPLE_SERVICE_DOCS="true").shows_docs,
        load(ENVIRONMENT="development").shows_docs,
        load(ENVIRONMENT="development", EXAMPLE_SERVICE_DOCS="false").shows_docs,
    ]

    assert shown == [False, True, True, False]


def test_a_process_drains_before_it_stops_where_others_must_notice() -> None:
    drains = [
        load().drains_for,
        load(EXAMPLE_SERVICE_SHUTDOWN_DELAY="1.5").drains_for,
        load(ENVIRONMENT="development").drains_for,
    ]

    assert drains == [5.0, 1.5, 0.0]


def test_every_setting_tells_its_variable() -> None:
    names = variable_names(Example)

    assert names["port"] == "EXAMPLE_SERVICE_PORT"
    assert names["ras.url"] == "EXAMPLE_SERVICE_RAS__URL"
    assert names["jwt_secret_key"] == "JWT_SECRET_KEY"
