"""`python -m services.bff_teacher`: serve under Hypercorn."""

from bff_core.server import run
from services.bff_teacher.app import from_environment

if __name__ == "__main__":
    run(from_environment)
