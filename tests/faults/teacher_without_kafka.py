"""A teacher BFF on whose machine Kafka's client cannot be imported."""

import sys

sys.modules["aiokafka"] = None  # type: ignore[assignment]  # an import of it fails

from bff_core.server import run  # noqa: E402 - after the block
from services.bff_teacher.app import from_environment  # noqa: E402 - the same

if __name__ == "__main__":
    run(from_environment)
