"""Run the emulator: `python -m devstack.emulators.cms`."""

from devstack.emulators.cms import create_app
from devstack.emulators.server import EmulatorSettings, run

if __name__ == "__main__":
    app = create_app(EmulatorSettings.from_env())
    run(app, "CLASS_MANAGEMENT_SERVICE_HOST", "CLASS_MANAGEMENT_SERVICE_HTTP_PORT", 5002)
