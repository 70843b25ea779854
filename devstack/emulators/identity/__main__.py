"""Run the emulator: `python -m devstack.emulators.identity`."""

import os

from devstack.emulators.controls import Switches
from devstack.emulators.identity import IdentitySettings, create_app
from devstack.emulators.identity.approval import Approval
from devstack.emulators.serving import address, assemble, run
from devstack.seed.people import PEOPLE

if __name__ == "__main__":
    settings = IdentitySettings.from_env(os.environ)
    app = create_app(settings, approval=Approval(settings, os.environ), people=PEOPLE)
    run(assemble(app, Switches({})), *address("HOST", "HTTP_PORT", 7005))
