"""Run the emulator: `python -m devstack.emulators.identity`."""

import os

from devstack.emulators.controls import Switches
from devstack.emulators.identity import IdentitySettings, create_app
from devstack.emulators.serving import address, assemble, run
from devstack.seed.people import PEOPLE

if __name__ == "__main__":
    app = create_app(IdentitySettings.from_env(os.environ), people=PEOPLE)
    run(assemble(app, Switches({})), *address("HOST", "HTTP_PORT", 7005))
