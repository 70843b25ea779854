"""`python -m services.gateway`: serve the gateway."""

from bff_core.server import run
from services.gateway.app import from_environment

if __name__ == "__main__":
    run(from_environment)
