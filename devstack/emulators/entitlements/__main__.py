"""Run the emulator: `python -m devstack.emulators.entitlements`."""

from devstack.emulators.entitlements.app import create_app
from devstack.emulators.server import EmulatorSettings, run

if __name__ == "__main__":
    app = create_app(EmulatorSettings.from_env())
    run(app, "ENTITLEMENTS_HOST", "ENTITLEMENTS_PORT", 8083)
