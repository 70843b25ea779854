"""Run the emulator: `python -m devstack.emulators.identity`."""

import os

from devstack.emulators.identity import IdentityEmulatorSettings, create_app
from devstack.emulators.identity.approval import MountedApproval
from devstack.emulators.server import run, with_controls
from devstack.seed.people import PEOPLE

if __name__ == "__main__":
    settings = IdentityEmulatorSettings.from_env()
    approval = MountedApproval(settings, os.environ)
    app = with_controls(create_app(settings, approval=approval, people=PEOPLE))
    run(app, "HOST", "HTTP_PORT", 7005)
