"""The environment decides where the data lies and how tokens are signed."""

from pathlib import Path

import pytest

from devstack.emulators.identity import IdentityEmulatorSettings

KEY = {"IDENTITY_SERVICE_JWT_RS256_PRIVATE_KEY_PATH": "key.pem"}


def test_nothing_set_is_hs256_over_a_file_in_the_data_folder() -> None:
    settings = IdentityEmulatorSettings.from_env({})

    assert settings.database_url == "sqlite:///.devstack/identity.db"
    assert settings.rs256_key is None
    assert settings.dev_secret == "dev-secret-change-me"
    assert settings.login_limit == 5


def test_data_folder_is_named_by_the_devstack() -> None:
    settings = IdentityEmulatorSettings.from_env({"DEVSTACK_DATA_DIR": "elsewhere"})

    assert settings.database_url == "sqlite:///elsewhere/identity.db"


@pytest.mark.parametrize(
    ("env", "key"),
    [
        (KEY, None),
        ({**KEY, "ENVIRONMENT": "production"}, Path("key.pem")),
        ({**KEY, "DEVSTACK_IDENTITY_RS256": "1"}, Path("key.pem")),
        ({"ENVIRONMENT": "production"}, None),
    ],
)
def test_rs256_needs_a_key_and_production_or_the_switch(
    env: dict[str, str], key: Path | None
) -> None:
    assert IdentityEmulatorSettings.from_env(env).rs256_key == key


def test_rs256_switch_without_a_key_names_the_variable() -> None:
    with pytest.raises(ValueError, match="IDENTITY_SERVICE_JWT_RS256_PRIVATE_KEY_PATH"):
        IdentityEmulatorSettings.from_env({"DEVSTACK_IDENTITY_RS256": "1"})


def test_login_limit_zero_is_off() -> None:
    assert (
        IdentityEmulatorSettings.from_env({"DEVSTACK_IDENTITY_LOGIN_LIMIT": "0"}).login_limit == 0
    )
