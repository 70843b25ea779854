"""`python -m services.bff_admin`: serve under Hypercorn."""

from bff_core.server import run
from services.bff_admin.app import from_environment

if __name__ == "__main__":
    run(from_environment)
