"""Settings that are one of a few words."""

from enum import StrEnum


class Environment(StrEnum):
    DEVELOPMENT = "development"
    TESTING = "testing"
    STAGING = "staging"
    PRODUCTION = "production"

    @property
    def lenient(self) -> bool:
        """True where weak secrets are tolerated."""
        return self in {Environment.DEVELOPMENT, Environment.TESTING}


class Engine(StrEnum):
    """HTTP servers that can carry a service."""

    HYPERCORN = "hypercorn"
    GRANIAN = "granian"
