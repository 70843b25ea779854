"""identity_admin as a process of its own, for tests."""

from bff_core.server import run
from services.identity_admin.app import from_environment

if __name__ == "__main__":
    run(from_environment)
