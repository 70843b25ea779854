"""Run the emulator: `python -m devstack.emulators.bos`."""

from devstack.emulators.bos.app import create_app
from devstack.emulators.server import EmulatorSettings, run

if __name__ == "__main__":
    app = create_app(EmulatorSettings.from_env())
    run(app, "BATCH_ORCHESTRATOR_SERVICE_HOST", "BATCH_ORCHESTRATOR_SERVICE_PORT", 5000)
