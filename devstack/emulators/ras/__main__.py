"""Run the emulator: `python -m devstack.emulators.ras`."""

from devstack.emulators.ras import RasEmulatorSettings, create_app
from devstack.emulators.server import run

if __name__ == "__main__":
    run(create_app(RasEmulatorSettings.from_env()), "HOST", "PORT", 4003)
