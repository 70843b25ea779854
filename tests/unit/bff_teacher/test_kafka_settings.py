"""Settings of Kafka: unset they change nothing, and a wrong one names its variable."""

from pathlib import Path

import pytest

from bff_core.settings import SettingsError
from bff_core.testing import SECRET
from services.bff_teacher.config import Settings

ENVIRONMENT = {
    "ENVIRONMENT": "testing",
    "JWT_SECRET_KEY": SECRET,
    "HULEEDU_INTERNAL_API_KEY": "internal-key-for-tests",
}
SASL = {"KAFKA_SECURITY_PROTOCOL": "SASL_SSL", "KAFKA_SASL_USERNAME": "bff"}


def settings(**more: str) -> Settings:
    return Settings.load(ENVIRONMENT | more)


@pytest.mark.parametrize("given", [{}, {"KAFKA_BOOTSTRAP_SERVERS": ""}])
def test_without_a_broker_there_is_no_consumer(given: dict[str, str]) -> None:
    assert settings(**given).kafka_bootstrap_servers == ()


def test_several_brokers_and_a_group(tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("p4ss word\n")

    found = settings(
        **SASL,
        KAFKA_BOOTSTRAP_SERVERS="kafka-1:9092, [::1]:9093",
        BFF_TEACHER_SERVICE_KAFKA_GROUP="another",
        KAFKA_SASL_MECHANISM="SCRAM-SHA-512",
        KAFKA_SASL_PASSWORD_FILE=str(password),
        KAFKA_SSL_CAFILE="",
    )

    assert found.kafka_options == {
        "servers": ("kafka-1:9092", "[::1]:9093"),
        "group": "another",
        "security_protocol": "SASL_SSL",
        "cafile": None,
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_username": "bff",
        "sasl_password": "p4ss word",
    }
    assert "p4ss" not in repr(found)


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"KAFKA_BOOTSTRAP_SERVERS": "kafka"}, "KAFKA_BOOTSTRAP_SERVERS"),
        ({"KAFKA_BOOTSTRAP_SERVERS": "kafka:9092,:1"}, "KAFKA_BOOTSTRAP_SERVERS"),
        ({"KAFKA_BOOTSTRAP_SERVERS": "http://kafka:9092"}, "KAFKA_BOOTSTRAP_SERVERS"),
        ({"KAFKA_BOOTSTRAP_SERVERS": "kafka:99999"}, "KAFKA_BOOTSTRAP_SERVERS"),
        ({"KAFKA_SECURITY_PROTOCOL": "TLS"}, "KAFKA_SECURITY_PROTOCOL"),
        (SASL, "KAFKA_SASL_PASSWORD"),
        ({"BFF_TEACHER_SERVICE_KAFKA_GROUP": "a b"}, "BFF_TEACHER_SERVICE_KAFKA_GROUP"),
    ],
)
def test_a_wrong_value_names_its_variable(given: dict[str, str], named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        settings(**given)
